import 'reflect-metadata';
import type { EventData } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { createTestDatabase, eventually, testRabbitmq, type TestDatabase } from '@hornbook/testing';
import { Controller, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Ctx, Payload } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import {
  Consumes,
  DeadLetters,
  MessageContext,
  Messaging,
  MessagingModule,
  MessagingServer,
  Outbox,
  PermanentError,
} from '../src/index.js';
import { openDatabase } from './support/test-database.js';
import { Counted, record } from './support/test-service.js';

@Controller()
class CountingConsumer {
  @Consumes(Counted, { consumer: 'count-numbers' })
  async handle(@Payload() data: EventData<typeof Counted>, @Ctx() message: MessageContext): Promise<void> {
    await record(data, message);
  }
}

@Controller()
class RefusingConsumer {
  @Consumes(Counted, { consumer: 'refuse-odd-numbers' })
  async handle(@Payload() data: EventData<typeof Counted>, @Ctx() message: MessageContext): Promise<void> {
    if (data.n % 2) throw new PermanentError('odd');
    await record(data, message);
  }
}

describe('a Nest application with MessagingModule', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase({ services: ['alpha'] });
    database = await openDatabase(testDatabase.urlFor('alpha'), 'alpha');
  });

  afterAll(async () => {
    await database.close();
    await testDatabase.drop();
  });

  test('serves two consumers of one event apart, and hands on what they throw', async () => {
    @Module({ providers: [{ provide: Database, useValue: database }], exports: [Database] })
    class DatabaseModule {}

    const messaging = MessagingModule.forRoot({
      service: 'alpha',
      transport: { kind: 'rabbitmq', url: testRabbitmq().url },
      namespace: `t${randomBytes(5).toString('hex')}`,
    });
    const module = await Test.createTestingModule({
      imports: [{ module: DatabaseModule, global: true }, messaging],
      controllers: [CountingConsumer, RefusingConsumer],
    }).compile();
    const app = module.createNestApplication(new FastifyAdapter());
    app.connectMicroservice({ strategy: app.get(MessagingServer) }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.init();
    try {
      await database.transaction(async (tx) => {
        for (const n of [1, 2])
          await app.get(Outbox).publish(tx, Counted, { key: 'a', data: { key: 'a', n } });
      });
      await eventually(async () => (await database.query('SELECT 1 FROM ledger')).length === 3);
      await eventually(async () => (await app.get(DeadLetters).count()) === 1);
      const [letter] = (await app.get(DeadLetters).list({ limit: 10 })).items;
      expect(letter).toMatchObject({
        consumer: 'refuse-odd-numbers',
        reason: 'permanent',
        errorMessage: 'odd',
      });
    } finally {
      await app.get(Messaging).shutdown();
      await app.close();
    }
  });
});
