import { eventually, runProcess, type RunningProcess } from '@hornbook/testing';
import { fileURLToPath } from 'node:url';
import { dialogues } from './support/dialogues.js';
import { faithful, refuse, reset, silence, storeBut, type Reply } from './support/platform.js';
import { World } from './support/world.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('several exporters on one database', () => {
  let world: World;
  const processes: RunningProcess[] = [];

  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(async () => {
    for (const process of processes.splice(0)) if (process.isRunning()) process.kill('SIGKILL');
    await world.close();
  });

  /** An exporter as a process of its own, which can be killed. */
  async function startProcess(
    env: Record<string, string> = {},
  ): Promise<{ process: RunningProcess; url: string }> {
    const process = await runProcess({
      args: [main],
      env: { NODE_OPTIONS: '', ...world.environment(env) },
      ready: { log: /"msg":"ready"/ },
    });
    processes.push(process);
    return { process, url: /"url":"([^"]+)"/.exec(process.output())![1]! };
  }

  /** The same id always came with the same bytes, and every dialogue is there once. */
  function expectExactlyOnce(count: number): void {
    const bodies = new Map<string, Set<string>>();
    for (const { batchId, body } of world.platform.received)
      bodies.set(batchId, (bodies.get(batchId) ?? new Set()).add(body));
    expect([...bodies.values()].filter((seen) => seen.size !== 1)).toEqual([]);
    expect(world.platform.titles).toHaveLength(count);
    expect(new Set(world.platform.titles).size).toBe(count);
  }

  it('share the work on a platform that fails in every way, and send nothing twice with different bytes', async () => {
    await world.start({
      EXPORT_RETRY_DELAYS_MS: '10,20,30,30,30,30,30,30',
      EXPORT_TIMEOUT_MS: '500',
      EXPORT_LEASE_MS: '1500',
    });
    await world.start({
      EXPORT_RETRY_DELAYS_MS: '10,20,30,30,30,30,30,30',
      EXPORT_TIMEOUT_MS: '500',
      EXPORT_LEASE_MS: '1500',
    });
    const moods: Reply[] = [
      faithful,
      storeBut(refuse(504)),
      reset,
      storeBut(reset),
      refuse(503),
      storeBut(silence),
      faithful,
      faithful,
    ];
    let turn = 0;
    world.platform.reply = (batch, response, platform) =>
      // What is stored is only ever found again; the moods are for batches that are not there yet.
      (platform.stored.has(batch.batchId) ? faithful : moods[turn++ % moods.length]!)(
        batch,
        response,
        platform,
      );
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) {
      ids.push(...(await world.submit(dialogues(100))));
      await Promise.all(world.services.map(({ url }) => world.call('', { method: 'POST' }, url)));
    }
    await world.settled(ids, 'confirmed', 100_000);
    expectExactlyOnce(1_000);
  });

  it('make batches at once without giving two of them one id, or one dialogue to two of them', async () => {
    const replicas = [await world.start(), await world.start(), await world.start()];
    world.platform.reply = silence;
    await world.sql(`UPDATE export_settings SET paused = true, pause_reason = 'test'`);
    await world.submit(dialogues(1_000));
    await world.call('/resume', { method: 'POST' });
    const answers = await Promise.all(
      replicas.flatMap(({ url }) =>
        [1, 2].map(() => world.call<{ dialogues: number }>('', { method: 'POST' }, url)),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202]);
    expect(
      await world.sql(
        `SELECT count(*)::integer AS places, count(DISTINCT dialogue_id)::integer AS dialogues FROM export_batch_dialogues`,
      ),
    ).toEqual([{ places: 1_000, dialogues: 1_000 }]);
    const batches = await world.sql<{ batch_id: string }>('SELECT batch_id FROM export_batches');
    expect(batches).toHaveLength(20);
  });

  it('of which one is killed in mid-send: another one sends the same id and bytes when the lease is over', async () => {
    const { process, url } = await startProcess({ EXPORT_LEASE_MS: '5000' });
    const committed = new Promise<void>((resolve) => {
      // Committed, and the exporter dies before it hears of it.
      world.platform.next(storeBut(() => resolve()));
    });
    world.services.push({ url } as never);
    const ids = await world.export(dialogues(3));
    await committed;
    process.kill('SIGKILL');
    await process.exited;
    world.services.length = 0;
    await world.start();
    expect(await world.sql('SELECT state, sends FROM export_batches')).toEqual([
      { state: 'sending', sends: 1 },
    ]);
    await world.settled(ids, 'confirmed');
    expect(world.platform.received).toHaveLength(2);
    expect(world.platform.received[1]!.body).toBe(world.platform.received[0]!.body);
    expectExactlyOnce(3);
    expect((await world.batches())[0]).toMatchObject({
      state: 'confirmed',
      sends: 2,
      confirmed_by: 'read_back',
    });
  }, 60_000);

  it('that are killed again and again while exporting lose nothing and double nothing', async () => {
    const slow: Reply = (batch, response, platform) => {
      setTimeout(() => void faithful(batch, response, platform), 20);
    };
    world.platform.reply = slow;
    const env = { EXPORT_TIMEOUT_MS: '300', EXPORT_LEASE_MS: '700' };
    const first = await startProcess(env);
    world.services.push({ url: first.url } as never);
    const ids = await world.submit(dialogues(1_000));
    await world.exportNow();
    world.services.length = 0;
    let victim = first.process;
    for (const share of [1, 6, 11]) {
      await eventually(() => world.platform.received.length >= share);
      victim.kill('SIGKILL');
      await victim.exited;
      victim = (await startProcess(env)).process;
    }
    await world.settled(ids, 'confirmed');
    expectExactlyOnce(1_000);
    const end = await victim.stop();
    expect(end).toMatchObject({ code: 0 });
  }, 90_000);

  it('finish on SIGTERM what they are sending, and take nothing new', async () => {
    let release = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      world.platform.next(async (batch, response, platform) => {
        resolve();
        await new Promise<void>((go) => (release = go));
        return faithful(batch, response, platform);
      });
    });
    const { process, url } = await startProcess({ EXPORT_CONCURRENCY: '1' });
    world.services.push({ url } as never);
    const ids = await world.export(dialogues(60));
    await arrived;
    process.kill('SIGTERM');
    await process.waitForLog(/"msg":"stopping"/);
    release();
    expect(await process.exited).toMatchObject({ code: 0 });
    expect(world.platform.received).toHaveLength(1);
    const states = await world.sql(
      'SELECT state, count(*)::integer FROM export_batches GROUP BY state ORDER BY state',
    );
    expect(states).toEqual([
      { state: 'confirmed', count: 1 },
      { state: 'ready', count: 1 },
    ]);
    world.services.length = 0;
    await world.start();
    await world.settled(ids, 'confirmed');
  }, 60_000);

  it('that have to hang up within their grace give the batch back at once, as no attempt', async () => {
    world.platform.next(silence);
    const service = await world.start({
      EXPORT_TIMEOUT_MS: '60000',
      EXPORT_LEASE_MS: '600000',
      SHUTDOWN_GRACE_SECONDS: '4',
    });
    await world.export(dialogues(2));
    await eventually(() => world.platform.received.length === 1);
    await service.stop();
    expect(
      await world.sql('SELECT state, attempts, sends, due_at <= now() AS due FROM export_batches'),
    ).toEqual([{ state: 'waiting', attempts: 0, sends: 1, due: true }]);
  });

  it('find after a restart what waits, and send it when it is due', async () => {
    world.platform.next(refuse(503));
    const first = await world.start({ EXPORT_RETRY_DELAYS_MS: '1500,1500,1500' });
    const ids = await world.export(dialogues(2));
    await eventually(async () => (await world.batches())[0]?.state === 'waiting');
    const due = Date.parse((await world.batches())[0]!.due_at!);
    await first.stop();
    await world.start();
    expect(world.platform.received).toHaveLength(1);
    await world.settled(ids, 'confirmed');
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    expect(world.platform.received.map(({ body }) => body)).toEqual([
      world.platform.received[0]!.body,
      world.platform.received[0]!.body,
    ]);
  });

  it('of which one was too slow: its late bad news is ignored, its late good news is not', async () => {
    await world.start({ EXPORT_TIMEOUT_MS: '10000', EXPORT_LEASE_MS: '21000' });
    let answerLate = (): void => undefined;
    const late =
      (reply: Reply): Reply =>
      async (batch, response, platform) => {
        await new Promise<void>((go) => (answerLate = go));
        return reply(batch, response, platform);
      };
    const expireLease = (): Promise<unknown> =>
      world.sql(`UPDATE export_batches SET due_at = now() WHERE state = 'sending'`);

    world.platform.next(late(refuse(500)), faithful);
    const a = await world.export(dialogues(1));
    await eventually(() => world.platform.received.length === 1);
    await expireLease();
    await world.settled(a, 'confirmed');
    answerLate();

    // The second send is still under way when the first one's refusal comes in.
    let refuseLate = (): void => undefined;
    const lateRefusal: Reply = async (batch, response, platform) => {
      await new Promise<void>((go) => (refuseLate = go));
      return refuse(500)(batch, response, platform);
    };
    world.platform.next(lateRefusal, late(faithful));
    const c = await world.export(dialogues(1));
    await eventually(() => world.platform.received.length === 3);
    await expireLease();
    await eventually(() => world.platform.received.length === 4);
    refuseLate();
    await eventually(() => world.log.some((line) => line.includes('taken over')));
    answerLate();
    await world.settled(c, 'confirmed');

    world.platform.next(late(faithful), silence);
    const b = await world.export(dialogues(1));
    await eventually(() => world.platform.received.length === 5);
    await expireLease();
    await eventually(() => world.platform.received.length === 6);
    answerLate();
    await world.settled(b, 'confirmed');
    expect(await world.failures()).toEqual([]);
  });
});
