import { defineEvent, type EventData } from '@hornbook/contracts';
import { Database, onCommit } from '@hornbook/database';
import {
  Consumes,
  createMessagingTables,
  dropMessagingTables,
  Outbox,
  type MessageContext,
} from '@hornbook/messaging';
import {
  Allow,
  bootstrap,
  configClass,
  defineService,
  identityFields,
  messagingFields,
  serviceFields,
} from '@hornbook/service-kit';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';

// A service of the platform's own kind, for the bench alone: it answers 1 KB, publishes ticks and consumes them.
// Decorators are called as functions here, as Node runs this file without compiling it.

/** What the bench sends through outbox and broker. */
const BenchTick = defineEvent({
  name: 'bench.tick.v1',
  description: 'One tick of the bench.',
  data: z.object({ number: z.int(), payload: z.string() }),
  example: { number: 1, payload: 'x' },
});

class Tables1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    await runner.query(
      'CREATE TABLE effects (number integer NOT NULL, at timestamptz NOT NULL DEFAULT now())',
    );
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effects');
    await dropMessagingTables(runner);
  }
}

/** Milliseconds on a clock that both processes share. */
const now = (): number => performance.timeOrigin + performance.now();
const committed: [number: number, at: number][] = [];
const handled: [number: number, at: number][] = [];
const kilobyte = { text: 'x'.repeat(1_000) };

class BenchController {
  declare readonly database: Database;
  declare readonly outbox: Outbox;

  page(): unknown {
    return kilobyte;
  }

  /** Publishes `count` ticks, `each` to a transaction, at `rate` a second (0: as fast as possible, 20 transactions at once). */
  async publish(count: string, rate: string, each: string): Promise<unknown> {
    committed.length = 0;
    const total = Number(count);
    const perSecond = Number(rate);
    const size = Number(each);
    const some = async (first: number): Promise<void> => {
      const ticks = Array.from({ length: size }, (_, index) => ({
        key: `tick-${String(first + index)}`,
        data: { number: first + index, payload: 'x'.repeat(500) },
      }));
      await this.database.transaction((tx) => this.outbox.publishAll(tx, BenchTick, ticks));
      for (const { data } of ticks) committed.push([data.number, now()]);
    };
    const one = async (number: number): Promise<void> => {
      await this.database.transaction(async (tx) => {
        await this.outbox.publish(tx, BenchTick, {
          key: `tick-${String(number)}`,
          data: { number, payload: 'x'.repeat(500) },
        });
      });
      committed.push([number, now()]);
    };
    const started = now();
    if (perSecond > 0) {
      const running: Promise<void>[] = [];
      for (let number = 0; number < total; number++) {
        const wait = started + (number * 1_000) / perSecond - now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        running.push(one(number));
      }
      await Promise.all(running);
    } else {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < total) {
          const first = next;
          next += size;
          await some(first);
        }
      };
      await Promise.all(Array.from({ length: 20 }, worker));
    }
    return { started, committed };
  }

  async handle(data: EventData<typeof BenchTick>, { tx }: MessageContext): Promise<void> {
    await tx.query('INSERT INTO effects (number) VALUES ($1)', [data.number]);
    onCommit(tx, () => handled.push([data.number, now()]));
  }

  seen(): unknown {
    return { handled };
  }

  /** Asked again and again while the load runs, so it costs next to nothing. */
  count(): unknown {
    return { handled: handled.length };
  }

  forget(): unknown {
    handled.length = 0;
    return {};
  }
}

const consumes = process.env['BENCH_CONSUMES'] === 'true';

/** Calls a method decorator the way the compiler would. */
function decorate(method: keyof BenchController, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(BenchController.prototype, method) as PropertyDescriptor;
  for (const decorator of decorators.reverse()) decorator(BenchController.prototype, method, descriptor);
  Object.defineProperty(BenchController.prototype, method, descriptor);
}

Controller()(BenchController);
Inject(Database)(BenchController.prototype, 'database');
Inject(Outbox)(BenchController.prototype, 'outbox');
const open = Allow({ roles: ['admin'], scope: 'bench' });
decorate('page', Get(['bench/page', 'api/v1/dialogs/page']), open);
decorate('publish', Get('bench/publish/:count/:rate/:each'), open);
Param('count')(BenchController.prototype, 'publish', 0);
Param('rate')(BenchController.prototype, 'publish', 1);
Param('each')(BenchController.prototype, 'publish', 2);
decorate('seen', Get('bench/seen'), open);
decorate('count', Get('bench/count'), open);
decorate('forget', Get('bench/forget'), open);
if (consumes) {
  decorate('handle', Consumes(BenchTick, { consumer: 'note-the-tick', prefetch: 50 }));
  Payload()(BenchController.prototype, 'handle', 0);
  Ctx()(BenchController.prototype, 'handle', 1);
}

class BenchModule {}
Module({ controllers: [BenchController] })(BenchModule);

class BenchConfig extends configClass({ ...serviceFields(0), ...identityFields(), ...messagingFields() }) {}

await bootstrap(
  defineService({
    name: process.env['BENCH_NAME'] ?? 'bench',
    version: '0',
    description: 'The bench.',
    config: BenchConfig,
    module: BenchModule,
    entities: [],
    migrations: [Tables1700000000000],
  }),
);
