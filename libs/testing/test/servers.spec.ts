import { createServer, type Server } from 'node:net';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  eventually,
  expectNoLeaks,
  findProgram,
  freePort,
  isPortFree,
  startPostgres,
  startRabbitmq,
  startRedis,
  temporaryFolder,
  type TemporaryFolder,
} from '@hornbook/testing';

const quorumQueue = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

/** Publishes one message to the queue and answers how many it holds. */
async function publishOne(url: string): Promise<number> {
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('letters', quorumQueue);
    channel.sendToQueue('letters', Buffer.from('a letter'), { persistent: true });
    await channel.waitForConfirms();
    return (await channel.checkQueue('letters')).messageCount;
  } finally {
    await connection.close();
  }
}

async function one(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: unknown }>(sql);
    return rows[0]?.value;
  } finally {
    await client.end();
  }
}

describe('private servers', () => {
  let folder: TemporaryFolder;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });

  afterAll(async () => {
    await expectNoLeaks();
    await folder.remove();
  });

  test('Postgres loses nothing committed when it is killed', async () => {
    const postgres = await startPostgres({ dataDir: `${folder.path}/postgres` });
    await one(postgres.adminUrl, 'CREATE TABLE kept (id int)');
    await one(postgres.adminUrl, 'INSERT INTO kept VALUES (1)');
    const { pid } = postgres;
    await postgres.kill('SIGKILL');
    await expect(one(postgres.adminUrl, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await postgres.restart();
    expect(postgres.pid).not.toBe(pid);
    expect(await one(postgres.adminUrl, 'SELECT count(*)::int AS value FROM kept')).toBe(1);
    await postgres.stop();
  });

  test('Postgres started again on its folder has its data and password', async () => {
    const options = { dataDir: `${folder.path}/postgres`, port: await freePort(), durable: true };
    const postgres = await startPostgres(options);
    expect(await one(postgres.adminUrl, 'SELECT count(*)::int AS value FROM kept')).toBe(1);
    expect(await one(postgres.adminUrl, "SELECT current_setting('fsync') AS value")).toBe('on');
    await expect(one(postgres.adminUrl.replace(/:[0-9a-f]+@/, ':guessed@'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    await postgres.stop();
  });

  test('RabbitMQ keeps a confirmed message over a kill and loses all when wiped', async () => {
    const rabbitmq = await startRabbitmq({ dataDir: `${folder.path}/rabbitmq` });
    try {
      expect(await publishOne(rabbitmq.url)).toBe(1);
      await rabbitmq.kill('SIGKILL');
      await expect(publishOne(rabbitmq.url)).rejects.toThrow('ECONNREFUSED');
      await rabbitmq.restart();
      expect(await publishOne(rabbitmq.url)).toBe(2);
      await expect(rabbitmq.wipe()).rejects.toThrow('needs the node stopped');
      await rabbitmq.stop();
      await rabbitmq.wipe();
      await rabbitmq.restart();
      expect(await publishOne(rabbitmq.url)).toBe(1);
    } finally {
      await rabbitmq.stop();
    }
  }, 180_000);

  test('Redis comes back empty after a kill', async () => {
    const server = await startRedis({ dataDir: `${folder.path}/redis` });
    const redis = new Redis(server.url, { lazyConnect: true });
    redis.on('error', () => undefined);
    await redis.set('key', 'value');
    await server.kill('SIGKILL');
    await server.restart();
    await eventually(async () => (await redis.get('key')) === null);
    redis.disconnect();
    await server.stop();
  });
});

describe('ports and programs', () => {
  const servers: Server[] = [];

  afterAll(() => {
    for (const server of servers) server.close();
  });

  test('a port in use is not free', async () => {
    const port = await freePort();
    expect(await isPortFree(port)).toBe(true);
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await isPortFree(port)).toBe(false);
  });

  test('a missing program is told with the package that brings it', () => {
    expect(() => findProgram('no-such-program', 'its-package')).toThrow('apt-get install its-package');
    expect(findProgram('sh', 'dash')).toMatch(/\/sh$/);
  });
});
