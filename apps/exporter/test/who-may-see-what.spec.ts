import { randomUUID } from 'node:crypto';
import { dialogue } from './support/dialogues.js';
import { refuse } from './support/platform.js';
import { World } from './support/world.js';

const ada = {
  sub: 'key:1',
  owner: 'ada',
  roles: ['service' as const],
  scopes: ['exports:write', 'exports:read'],
};
const bob = { ...ada, sub: 'key:2', owner: 'bob' };

describe('who may see and do what', () => {
  let world: World;
  let adasDialogue: string;
  let adasBatch: string;
  let adasFailure: number;

  beforeAll(async () => {
    world = await World.open({});
    world.platform.reply = refuse(500);
    [adasDialogue] = (await world.submit([dialogue()], ada)) as [string];
    await world.submit([dialogue()], bob);
    await world.exportNow(ada);
    await world.settled([adasDialogue], 'failed');
    adasBatch = (await world.dialogue(adasDialogue)).batch_id!;
    adasFailure = (await world.failures())[0]!.id;
  });
  afterAll(() => world.close());

  it('without a token nothing is answered', async () => {
    for (const [method, path] of [
      ['GET', '/dialogues'],
      ['POST', '/dialogues'],
      ['GET', '/batches'],
      ['GET', '/failures'],
      ['GET', '/status'],
      ['POST', '/resume'],
      ['POST', ''],
    ] as const) {
      expect({ path, status: (await world.call(path, { method, as: null })).status }).toEqual({
        path,
        status: 401,
      });
    }
  });

  it.each([
    ['reviewers read nothing', 'GET', '/dialogues', { roles: ['reviewer' as const] }, 403],
    ['curators read', 'GET', '/dialogues', { roles: ['curator' as const] }, 200],
    ['curators submit nothing', 'POST', '/dialogues', { roles: ['curator' as const] }, 403],
    ['curators resume nothing', 'POST', '/resume', { roles: ['curator' as const] }, 403],
    [
      'pipelines do not end a pause, which is everybody’s',
      'POST',
      '/resume',
      { roles: ['service' as const] },
      403,
    ],
    ['admins do', 'POST', '/resume', {}, 200],
    [
      'a key without the scope writes nothing',
      'POST',
      '',
      { roles: ['service' as const], scopes: ['exports:read'] },
      403,
    ],
    [
      'a key without the scope reads nothing',
      'GET',
      '/status',
      { roles: ['service' as const], scopes: ['exports:write'] },
      403,
    ],
  ])('%s', async (_rule, method, path, as, status) => {
    expect(
      (
        await world.call(path, {
          method,
          as,
          ...(method === 'POST' && path === '/dialogues' ? { body: { dialogues: [dialogue()] } } : {}),
        })
      ).status,
    ).toBe(status);
  });

  it('the owner and admins see a record; for others it is not there, just like an unknown one', async () => {
    for (const [path, unknown] of [
      [`/dialogues/${adasDialogue}`, `/dialogues/${randomUUID()}`],
      [`/batches/${adasBatch}`, '/batches/batch-1999-01-01-000000'],
      [`/failures/${String(adasFailure)}`, '/failures/999999'],
    ] as const) {
      expect({ path, status: (await world.call(path, { as: ada })).status }).toEqual({ path, status: 200 });
      expect({ path, status: (await world.call(path)).status }).toEqual({ path, status: 200 });
      const foreign = await world.call(path, { as: bob });
      const missing = await world.call(unknown, { as: bob });
      expect({ path, status: foreign.status, code: foreign.body['code'] }).toEqual({
        path,
        status: 404,
        code: 'not_found',
      });
      expect(Object.keys(foreign.body).sort()).toEqual(Object.keys(missing.body).sort());
    }
  });

  it('lists and counts show only the caller’s own, and all of them to admins', async () => {
    const count = async (path: string, as?: typeof ada): Promise<number> =>
      (await world.call<{ items: unknown[] }>(path, as ? { as } : {})).body.items.length;
    expect([
      await count('/dialogues', ada),
      await count('/dialogues', bob),
      await count('/dialogues'),
    ]).toEqual([1, 1, 2]);
    expect([await count('/batches', ada), await count('/batches', bob), await count('/batches')]).toEqual([
      1, 0, 1,
    ]);
    expect([await count('/failures', ada), await count('/failures', bob), await count('/failures')]).toEqual([
      1, 0, 1,
    ]);
    const { body } = await world.call('/status', { as: bob });
    expect(body).toMatchObject({
      dialogues: { ready: 1, failed: 0 },
      batches: { failed: 0 },
      failures: { unresolved: 0 },
    });
    expect((await world.call('/status')).body).toMatchObject({
      dialogues: { ready: 1, failed: 1 },
      batches: { failed: 1 },
      failures: { unresolved: 1 },
    });
  });

  it('nobody retries or resolves a stranger’s failure', async () => {
    const path = `/failures/${String(adasFailure)}`;
    expect((await world.call(`${path}/retry`, { method: 'POST', as: bob })).status).toBe(404);
    expect((await world.call(`${path}/resolve`, { method: 'POST', as: bob })).status).toBe(404);
    const bulk = await world.call('/failures/retry', {
      method: 'POST',
      as: bob,
      body: { ids: [adasFailure] },
    });
    expect(bulk.body).toEqual({ retried: 0, remaining: 0 });
    expect((await world.failures())[0]?.resolved_at).toBeNull();
  });

  it('"export now" of one owner leaves another’s dialogues where they are', async () => {
    expect((await world.exportNow(ada)).body).toEqual({ batches: 0, dialogues: 0 });
    expect(
      (await world.call<{ items: { status: string }[] }>('/dialogues', { as: bob })).body.items[0]?.status,
    ).toBe('ready');
  });
});
