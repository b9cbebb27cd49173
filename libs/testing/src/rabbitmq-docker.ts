import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { greetsAmqp } from './amqp-greeting.js';
import { eventually } from './eventually.js';
import type { RabbitmqServer } from './rabbitmq-server.js';

const run = promisify(execFile);
const IMAGE = 'rabbitmq:4-alpine';
const START_TIMEOUT_MS = 300_000;

/** A private node in a container; its data live in a volume of the same name, and both go with `stop()`. */
export async function startDockerRabbitmq(docker: string, port: number): Promise<RabbitmqServer> {
  const name = `hornbook-rabbitmq-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(18).toString('hex');
  const call = async (...args: string[]): Promise<string> => (await run(docker, args)).stdout.trim();
  const create = (): Promise<string> => call(...createArguments(name, port, password));
  let pid = 0;
  const start = async (): Promise<void> => {
    await call('start', name);
    await eventually(() => greetsAmqp(port), {
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: 200,
      description: 'RabbitMQ in Docker',
    });
    pid = Number(await call('inspect', '--format', '{{.State.Pid}}', name));
  };
  await create();
  await start();
  return {
    url: `amqp://hornbook:${password}@127.0.0.1:${port}`,
    port,
    get pid() {
      return pid;
    },
    async kill(signal) {
      await call('kill', '--signal', signal, name);
      await call('wait', name);
    },
    async restart() {
      await call('stop', name);
      await start();
    },
    async wipe() {
      await call('rm', name);
      await call('volume', 'rm', name);
      await create();
    },
    async stop() {
      await call('rm', '--force', '--volumes', name);
      await call('volume', 'rm', '--force', name);
    },
  };
}

function createArguments(name: string, port: number, password: string): string[] {
  const published = ['--publish', `127.0.0.1:${port}:5672`];
  const account = ['--env', 'RABBITMQ_DEFAULT_USER=hornbook', '--env', `RABBITMQ_DEFAULT_PASS=${password}`];
  // A fixed host name: the node's data carry it.
  return [
    'create',
    '--name',
    name,
    '--hostname',
    'hornbook',
    '--volume',
    `${name}:/var/lib/rabbitmq`,
    ...published,
    ...account,
    IMAGE,
  ];
}
