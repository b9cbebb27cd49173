import { eventually } from '@hornbook/testing';
import { cards } from './support/cards.js';
import { holdImportsOf } from './support/hold.js';
import { startWorld, type Answer, type World } from './support/world.js';

const later = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('limits of an owner', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      env: { BULK_ACTIVE_PER_OWNER: '3', BULK_REQUESTS_PER_HOUR: '5', BULK_RUNNING_PER_OWNER: '2' },
    });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const ask = (as: string, options: Record<string, unknown> = {}, key?: string): Promise<Answer> =>
    world.post(
      '/bulk/import',
      { cards: cards(1), ...options },
      { as, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) },
    );
  const tally = (answers: readonly Answer[]): Record<string, number> =>
    Object.fromEntries(
      [...Map.groupBy(answers, ({ status }) => String(status))].map(([status, some]) => [
        status,
        some.length,
      ]),
    );

  it('are shown by name, with what is used of them', async () => {
    const as = 'reads';
    await world.import(cards(1), {}, { as });
    await ask(as, { run_at: later() });

    const { status, body } = await world.call('/bulk/limits', { as });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      max_cards: 10_000,
      max_file_rows: 1_000_000,
      max_unfinished_tasks: 3,
      max_running_tasks: 2,
      max_requests_per_hour: 5,
      retention_days: 30,
      usage: { unfinished_tasks: 1, requests_last_hour: 2 },
    });
  });

  it('refuse one unfinished operation too many, of many at once too, and name the limit', async () => {
    const as = 'unfinished';

    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(as, { run_at: later() })));

    expect(tally(answers)).toEqual({ 202: 3, 429: 2 });
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body).toMatchObject({
      code: 'rate_limited',
      detail: expect.stringContaining('At most 3 unfinished'),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const [{ body }] = answers.filter(({ status }) => status === 202) as [Answer];
    await world.call(`/bulk/tasks/${body['task_id']}`, { method: 'DELETE', as });
    expect((await ask(as, { run_at: later() })).status).toBe(202);
  });

  it('refuse one operation an hour too many, and say when there is room again', async () => {
    const as = 'hourly';
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(await world.import(cards(1), {}, { as }));

    const refused = await ask(as);

    expect(refused.status).toBe(429);
    expect(refused.body['detail']).toContain('At most 5 bulk operations an hour (max_requests_per_hour)');
    expect(refused.headers.get('x-ratelimit-limit')).toBe('5');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(3_000);
    expect(seconds).toBeLessThanOrEqual(3_600);
    const [row] = await world.sql<{ n: number }>(
      'SELECT count(*)::integer AS n FROM tasks WHERE owner = $1',
      [as],
    );
    expect(row?.n).toBe(5);
    expect((await world.post('/bulk/export', { format: 'json' }, { as })).status).toBe(429);
  });

  it('let a repeated request through, which starts nothing', async () => {
    const as = 'repeats';
    const body = { cards: [{ title: 'One', body: 'Only' }] };
    const again = (): Promise<Answer> =>
      world.post('/bulk/import', body, { as, headers: { 'idempotency-key': 'one' } });
    const first = await again();
    await world.finished(first.body['task_id'], { as });
    for (let n = 0; n < 4; n++) await world.import(cards(1), {}, { as });

    const repeated = await again();

    expect([repeated.status, repeated.body['task_id']]).toEqual([202, first.body['task_id']]);
    expect((await ask(as)).status).toBe(429);
  });

  it("are each owner's own", async () => {
    for (let n = 0; n < 5; n++) await world.import(cards(1), {}, { as: 'first' });

    expect((await ask('first')).status).toBe(429);
    const { status, body } = await ask('second');
    expect(status).toBe(202);
    await world.finished(body['task_id'], { as: 'second' });
  });
});

describe('between owners', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { BULK_WORKERS: '1', BULK_RUNNING_PER_OWNER: '1' } });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const progress = async (id: string, as: string): Promise<number> =>
    Number((await world.call(`/bulk/status/${id}`, { as })).body['progress'].current);

  it('a large import lets a small one of another owner go first after a few chunks', async () => {
    const letGo = await holdImportsOf(world, 'large');
    const large: string[] = [];
    for (let n = 0; n < 2; n++) {
      const { body } = await world.post('/bulk/import', { cards: cards(10_000) }, { as: 'large' });
      large.push(String(body['task_id']));
    }
    const [first] = large as [string];
    await eventually(
      async () => (await world.call(`/bulk/status/${first}`, { as: 'large' })).body['status'] === 'STARTED',
    );
    const small = await world.post('/bulk/import', { cards: cards(100) }, { as: 'small' });
    await letGo();

    await world.finished(small.body['task_id'], { as: 'small' });

    // Both of the large one's chunks and ours are counted by the one worker that there is.
    const [{ chunks }] = (await world.sql(
      `SELECT sum(current)::integer / 1000 AS chunks FROM tasks WHERE owner = 'large'
         AND updated_at <= (SELECT finished_at FROM tasks WHERE id = $1)`,
      [small.body['task_id']],
    )) as [{ chunks: number | null }];
    expect(chunks ?? 0).toBeLessThanOrEqual(3);
    for (const id of large) await world.finished(id, { as: 'large' });
    expect(await progress(first, 'large')).toBe(10_000);
  });
});

describe('one owner', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { BULK_WORKERS: '2', BULK_RUNNING_PER_OWNER: '1' } });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  it('runs so many at once, all replicas together, and leaves room for others', async () => {
    const letGo = await holdImportsOf(world, 'several');
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { body } = await world.post('/bulk/import', { cards: cards(10) }, { as: 'several' });
      ids.push(String(body['task_id']));
    }
    const statuses = async (): Promise<string[]> => {
      const { body } = await world.call('/bulk/tasks', { as: 'several' });
      return (body['items'] as { status: string }[]).map(({ status }) => status);
    };
    await eventually(async () => (await statuses()).includes('STARTED'));

    const other = await world.import(cards(1), {}, { as: 'nobody-else' });

    expect((await statuses()).toSorted()).toEqual(['PENDING', 'PENDING', 'STARTED']);
    await letGo();
    for (const id of ids) await world.finished(id, { as: 'several' });
    expect(other.body['status']).toBe('SUCCESS');
  });
});
