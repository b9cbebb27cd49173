import { Controller, Get, Module } from '@nestjs/common';
import type { Identity } from '@hornbook/contracts';
import {
  Allow,
  Caller,
  configClass,
  defineService,
  identityFields,
  messagingFields,
  serviceFields,
} from '@hornbook/service-kit';
import { expectNoLeaks } from '@hornbook/testing';
import { startApp } from '@hornbook/testing/start-app';
import { createMessagingTables } from '@hornbook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

@Controller()
class WhoamiController {
  @Get('whoami')
  @Allow({ roles: ['curator', 'admin'], scope: 'whoami' })
  whoami(@Caller() caller: Identity): Identity {
    return caller;
  }
}

@Module({ controllers: [WhoamiController] })
class WhoamiModule {}

class CreateTables1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
  }

  async down(): Promise<void> {
    // Never asked for.
  }
}

const whoami = defineService({
  name: 'test-whoami',
  version: '0.1.0',
  description: 'Tells callers who they are.',
  config: class extends configClass({ ...serviceFields(0), ...identityFields(), ...messagingFields() }) {},
  module: WhoamiModule,
  entities: [],
  migrations: [CreateTables1700000000000],
});

describe.each(['rabbitmq', 'postgres'] as const)('startApp on %s', (transport) => {
  test('starts a service whose callers are who the test says, and leaves nothing behind', async () => {
    const app = await startApp(whoami, { transport });
    await app.request.get('/whoami').expect(401);
    const curator = await app.as({ sub: 'ada', roles: ['curator'] });
    const { body } = await curator.get('/whoami').expect(200);
    expect(body).toEqual({ sub: 'ada', owner: 'user-1', roles: ['curator'], scopes: ['*'] });
    await app.request
      .get('/whoami')
      .set(await app.identity({ roles: ['reviewer'] }))
      .expect(403);
    expect(app.log).toContainEqual(expect.objectContaining({ msg: 'ready', service: 'test-whoami' }));
    await app.stop();
    await app.stop();
    await expectNoLeaks();
  });
});

test('a service that cannot start leaves no database behind', async () => {
  await expect(startApp(whoami, { env: { LOG_LEVEL: 'loud' } })).rejects.toThrow(
    'LOG_LEVEL was given "loud"',
  );
});
