import 'reflect-metadata';
import type { TransportOptions } from '../../src/messaging-options.js';
import type { Subscription } from '../../src/transport/message-transport.js';
import { openDatabase } from './test-database.js';
import { record, TestService } from './test-service.js';
import { WrappedTransport } from './wrapped-transport.js';

/** What the parent passes as the last argument. */
export interface KilledServiceOptions {
  readonly databaseUrl: string;
  readonly namespace: string;
  readonly transport: TransportOptions;
  /** Where this process kills itself, on its third message. */
  readonly at: 'between handler and commit' | 'between commit and settling';
}

const options = JSON.parse(process.argv.at(-1) ?? '') as KilledServiceOptions;
let messages = 0;

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

/** Dies with the message's effect committed and the message itself not settled. */
class DyingTransport extends WrappedTransport {
  override subscribe(subscription: Subscription): Promise<void> {
    return this.real.subscribe({
      ...subscription,
      onMessage: async (delivery) => {
        const disposition = await subscription.onMessage(delivery);
        return options.at === 'between commit and settling' && ++messages === 3 ? die() : disposition;
      },
    });
  }
}

const service = new TestService(
  await openDatabase(options.databaseUrl, 'alpha', false),
  { service: 'alpha', namespace: options.namespace, transport: options.transport },
  {
    'count-numbers': {
      prefetch: 5,
      handle: async (data, message) => {
        await record(data, message);
        if (options.at === 'between handler and commit' && ++messages === 3) await die();
      },
    },
  },
  { transport: (real) => new DyingTransport(real) },
);
await service.start();
process.stdout.write('started\n');
