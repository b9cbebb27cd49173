import { eventually } from '@hornbook/testing';
import { cards } from './support/cards.js';
import { startWorld, type Answer, type World } from './support/world.js';

const soon = (): string => new Date(Date.now() - 1_000).toISOString();
const later = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('schedules', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const create = (as: string, body: Record<string, unknown> = {}, key?: string): Promise<Answer> =>
    world.post(
      '/bulk/schedules',
      { operation: 'export', ...(body['cron'] || body['run_at'] ? {} : { cron: '0 3 * * *' }), ...body },
      { as, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) },
    );
  const read = (id: unknown, as: string): Promise<Answer> =>
    world.call(`/bulk/schedules/${String(id)}`, { as });
  const change = (id: unknown, as: string, body: unknown, ifMatch = '*'): Promise<Answer> =>
    world.call(`/bulk/schedules/${String(id)}`, {
      method: 'PATCH',
      as,
      body,
      headers: { 'if-match': ifMatch },
    });
  /** As if its time had come. */
  const bringForward = (id: unknown): Promise<unknown> =>
    world.sql(`UPDATE task_schedules SET next_run_at = now() - interval '1 s' WHERE id = $1`, [id]);
  const tasksOf = (as: string): Promise<Record<string, unknown>[]> =>
    world.call('/bulk/tasks', { as }).then(({ body }) => body['items'] as Record<string, unknown>[]);
  const ran = (as: string, times = 1): Promise<Record<string, unknown>[]> =>
    eventually(async () => {
      const tasks = await tasksOf(as);
      return tasks.length === times && tasks.every(({ status }) => status === 'SUCCESS') && tasks;
    });

  it('are shown with what they do and when they do it next', async () => {
    const as = 'shows';
    const options = { format: 'csv', published_only: true };

    const { status, body, headers } = await create(as, {
      name: 'nightly',
      options,
      cron: '30 2 * * *',
      time_zone: 'Europe/Vienna',
    });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'nightly',
      operation: 'export',
      options: { ...options, gzip: false },
      cron: '30 2 * * *',
      time_zone: 'Europe/Vienna',
      overlap: 'skip',
      paused: false,
      last_run_at: null,
      skipped_runs: 0,
    });
    const next = new Date(String(body['next_run_at']));
    const local = next.toLocaleTimeString('en-GB', { timeZone: 'Europe/Vienna' });
    expect([local, next > new Date()]).toEqual(['02:30:00', true]);
    expect(headers.get('location')).toBe(`/bulk/schedules/${body['schedule_id']}`);
    expect((await read(body['schedule_id'], as)).body).toEqual(body);
    await change(body['schedule_id'], as, { paused: true });
  });

  it('export when their time has come, again and again', async () => {
    const as = 'exports';
    await world.import(cards(3), {}, { as });
    await world.sql(`DELETE FROM tasks WHERE owner = $1`, [as]);
    const { body } = await create(as, { options: { format: 'ndjson' } });
    const id = String(body['schedule_id']);

    await bringForward(id);
    const [first] = await ran(as);
    await bringForward(id);
    await ran(as, 2);

    expect(first).toMatchObject({
      kind: 'export',
      schedule_id: id,
      result: { cards_exported: 3, export_format: 'ndjson' },
    });
    const { body: after } = await read(id, as);
    expect(after).toMatchObject({
      last_task_id: expect.any(String),
      last_run_at: expect.any(String),
      skipped_runs: 0,
    });
    expect(new Date(String(after['next_run_at'])).getTime()).toBeGreaterThan(Date.now());
  });

  it('run once at a time that is given, be it over', async () => {
    const as = 'once';

    const { body } = await create(as, { run_at: soon() });
    await ran(as);

    expect((await read(body['schedule_id'], as)).body).toMatchObject({ next_run_at: null, cron: null });
  });

  it('delete what a filter finds then', async () => {
    const as = 'deletes';
    await world.import([...cards(5, { category: 'JUNK' }), ...cards(2)], {}, { as });
    await world.sql(`DELETE FROM tasks WHERE owner = $1`, [as]);

    await create(as, {
      operation: 'delete',
      options: { filter: { categories: ['JUNK'] }, max_cards: 100 },
      run_at: soon(),
    });
    const [task] = await ran(as);

    expect(task).toMatchObject({
      kind: 'delete',
      progress: { current: 5, total: 5 },
      result: { cards_deleted: 5, cards_failed: 0, soft_delete: true },
    });
    expect((await world.call('/cards', { as })).body['items']).toHaveLength(2);
    expect((await world.call('/cards?deleted=true', { as })).body['items']).toHaveLength(5);
  });

  it('delete nothing when the filter finds more than may be deleted', async () => {
    const as = 'guards';
    await world.import(cards(5), {}, { as });
    await world.sql(`DELETE FROM tasks WHERE owner = $1`, [as]);

    await create(as, {
      operation: 'delete',
      options: { filter: {}, max_cards: 4, soft_delete: false },
      run_at: soon(),
    });
    const [task] = await eventually(async () => {
      const tasks = await tasksOf(as);
      return tasks[0]?.['status'] === 'FAILURE' && tasks;
    });

    expect(task).toMatchObject({ error_code: 'too_many_cards', result: { cards_deleted: 0 } });
    expect((await world.call('/cards', { as })).body['items']).toHaveLength(5);
  });

  it('leave a run out, or have it wait, while the one before has not ended', async () => {
    for (const [as, overlap, tasks, skipped] of [
      ['skips', 'skip', 1, 1],
      ['queues', 'queue', 2, 0],
    ] as const) {
      const { body } = await create(as, { overlap });
      const id = String(body['schedule_id']);
      // A task of the schedule that has not come to its turn.
      await world.sql(
        `INSERT INTO tasks (id, kind, owner, params, run_at, due_at, schedule_id)
         SELECT gen_random_uuid(), kind, owner, params, now() + interval '1 h', now() + interval '1 h', id
         FROM task_schedules WHERE id = $1`,
        [id],
      );

      await bringForward(id);
      const { body: after } = await eventually(async () => {
        const answer = await read(id, as);
        return answer.body['last_run_at'] !== null && answer;
      });

      expect([after['skipped_runs'], (await tasksOf(as)).length]).toEqual([skipped, tasks]);
    }
  });

  it('have a run wait until the one before has ended, and no other task', async () => {
    const as = 'in-turn';
    const { body } = await create(as, { overlap: 'queue' });
    await world.sql(
      `INSERT INTO tasks (id, kind, owner, params, run_at, due_at, schedule_id)
       SELECT gen_random_uuid(), kind, owner, params, now() + interval '1 h', now() + interval '1 h', id
       FROM task_schedules WHERE id = $1`,
      [body['schedule_id']],
    );
    await bringForward(body['schedule_id']);
    const queued = await eventually(async () => {
      const { last_task_id } = (await read(body['schedule_id'], as)).body;
      return typeof last_task_id === 'string' && last_task_id;
    });
    const statusOf = async (id: unknown): Promise<unknown> =>
      (await world.call(`/bulk/status/${String(id)}`, { as })).body['status'];

    // Asked for later, and free to run.
    const { body: other } = await world.post('/bulk/export', {}, { as });
    await eventually(async () => (await statusOf(other['task_id'])) === 'SUCCESS');
    expect(await statusOf(queued)).toBe('PENDING');

    await world.sql(`UPDATE tasks SET run_at = now(), due_at = now() WHERE owner = $1 AND id <> $2`, [
      as,
      queued,
    ]);
    await ran(as, 3);
    const order = await world.sql(
      `SELECT id FROM tasks WHERE owner = $1 AND schedule_id IS NOT NULL ORDER BY started_at`,
      [as],
    );
    expect(order.map((row) => (row as { id: string }).id).at(-1)).toBe(queued);
  });

  it('start nothing while they are paused, and go on when they are resumed', async () => {
    const as = 'pauses';
    const { body } = await create(as);
    const path = `/bulk/schedules/${body['schedule_id']}`;

    const paused = await world.post(`${path}/pause`, undefined, { as });
    const again = await world.post(`${path}/pause`, undefined, { as });
    await bringForward(body['schedule_id']);
    const other = await create('pauses-not', { run_at: soon() });
    await ran('pauses-not');
    const resumed = await world.post(`${path}/resume`, undefined, { as });

    expect(other.status).toBe(201);
    expect([paused.body['paused'], again.body, resumed.body['paused']]).toEqual([true, paused.body, false]);
    expect(new Date(String(resumed.body['next_run_at'])).getTime()).toBeGreaterThan(Date.now());
    expect(await tasksOf(as)).toEqual([]);
  });

  it('change only for whoever has seen their current version', async () => {
    const as = 'changes';
    const { body, headers } = await create(as);
    const id = String(body['schedule_id']);
    const etag = headers.get('etag') as string;

    const changed = await change(id, as, { cron: '15 4 * * 1', options: { format: 'markdown' } }, etag);
    const stale = await change(id, as, { paused: true }, etag);
    const blind = await world.call(`/bulk/schedules/${id}`, { method: 'PATCH', as, body: { paused: true } });
    const once = await change(id, as, { run_at: later() });

    expect([changed.status, stale.status, blind.status, once.status]).toEqual([200, 412, 428, 200]);
    expect(changed.body).toMatchObject({ cron: '15 4 * * 1', options: { format: 'markdown' } });
    expect(once.body['cron']).toBeNull();
  });

  it("are nobody else's, and gone when they are deleted", async () => {
    const as = 'mine';
    const { body } = await create(as);
    const path = `/bulk/schedules/${body['schedule_id']}`;
    const headers = { 'if-match': '*' };

    const theirs = await Promise.all([
      read(body['schedule_id'], 'stranger'),
      change(body['schedule_id'], 'stranger', { paused: true }),
      world.post(`${path}/pause`, undefined, { as: 'stranger' }),
      world.call(path, { method: 'DELETE', as: 'stranger', headers }),
    ]);
    expect(theirs.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect((await world.call('/bulk/schedules', { as: 'stranger' })).body['items']).toEqual([]);
    expect((await world.call('/bulk/schedules', { as })).body['items']).toHaveLength(1);

    expect((await world.call(path, { method: 'DELETE', as, headers })).status).toBe(204);
    expect((await read(body['schedule_id'], as)).status).toBe(404);
  });

  it('are made once under one key, and at most fifty', async () => {
    const as = 'many';
    const cron = '1 1 * * *';

    const same = await Promise.all([1, 2, 3].map(() => create(as, { cron }, 'k')));
    const other = await create(as, { cron: '2 2 * * *' }, 'k');
    const rest = await Promise.all(Array.from({ length: 51 }, () => create(as, { cron })));

    expect(new Set(same.map(({ body }) => String(body['schedule_id']))).size).toBe(1);
    expect(other.status).toBe(422);
    expect(rest.filter(({ status }) => status === 201)).toHaveLength(49);
    expect(rest.find(({ status }) => status === 409)?.body['detail']).toContain('At most 50 schedules');
  });

  it.each([
    ['cron', { cron: '61 * * * *' }],
    ['cron', { cron: '* * * * * *' }],
    ['cron', { cron: '0 3 * * *', run_at: later() }],
    ['time_zone', { cron: '0 3 * * *', time_zone: 'Mars/Olympus' }],
    ['run_at', { run_at: 'tomorrow' }],
    ['operation', { operation: 'import', cron: '0 3 * * *' }],
    ['options.format', { options: { format: 'xml' } }],
    ['options.max_cards', { operation: 'delete', options: { filter: {} } }],
    ['options.card_idz', { options: { format: 'csv', card_idz: [] } }],
    ['overlap', { overlap: 'both' }],
  ])('say what is wrong with %s: %j', async (field, body) => {
    const { status, body: problem } = await create('wrong', body);

    expect(status).toBe(400);
    expect(problem['details']).toEqual([expect.objectContaining({ field })]);
  });

  it('say what is wrong with options that are changed', async () => {
    const { body } = await create('wrong-change');

    const answer = await change(body['schedule_id'], 'wrong-change', { options: { format: 'xml' } });

    expect([answer.status, answer.body['details'][0].field]).toEqual([400, 'options.format']);
  });
});
