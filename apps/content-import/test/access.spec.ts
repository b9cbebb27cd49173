import { batch } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

const importing = ['POST', '/api/v1/admin/bulk-import', 'imports:write'] as const;
const readingBatches = [
  ['GET', '/api/v1/admin/bulk-import', 'imports:read'],
  ['GET', '/api/v1/admin/bulk-import/batch-2026-03-02-101500', 'imports:read'],
] as const;
const readingContent = [
  ['GET', '/api/v1/categories', 'content:read'],
  ['GET', '/api/v1/dialogs', 'content:read'],
  ['GET', '/api/v1/dialogs/1', 'content:read'],
] as const;
const adminRoutes = [importing, ...readingBatches];

describe('access', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const bodyFor = (method: string): { body?: unknown } => (method === 'POST' ? { body: batch() } : {});

  it.each([...adminRoutes, ...readingContent])('to %s %s needs an identity', async (method, path) => {
    const unproven: Record<string, string>[] = [
      {},
      { 'x-hornbook-identity': 'e30.e30.e30' },
      { authorization: 'Bearer test-token' },
    ];
    for (const headers of unproven) {
      const { status, body } = await world.call(path, { method, as: null, headers, ...bodyFor(method) });

      expect(status).toBe(401);
      expect(body).toMatchObject({ success: false, error: 'unauthenticated' });
    }
  });

  it.each(adminRoutes)('to %s %s is for admins', async (method, path) => {
    for (const role of ['curator', 'reviewer', 'service'] as const) {
      const { status, body } = await world.call(path, { method, as: { roles: [role] }, ...bodyFor(method) });

      expect(status).toBe(403);
      expect(body).toMatchObject({ success: false, error: 'forbidden' });
    }
  });

  it.each([...adminRoutes, ...readingContent])('to %s %s needs the scope %s', async (method, path, scope) => {
    const others = ['imports:write', 'imports:read', 'content:read', 'exports:write'].filter(
      (other) => other !== scope,
    );

    const without = await world.call(path, { method, as: { scopes: others }, ...bodyFor(method) });
    const withScope = await world.call(path, { method, as: { scopes: [scope] }, ...bodyFor(method) });

    expect(without.status).toBe(403);
    expect([200, 201, 404]).toContain(withScope.status);
  });

  it.each(readingContent)('to %s %s is open to every role', async (method, path) => {
    for (const role of ['admin', 'curator', 'reviewer', 'service'] as const) {
      expect([200, 404]).toContain(
        (await world.call(path, { method, as: { roles: [role], scopes: ['content:read'] } })).status,
      );
    }
  });

  it('is checked before the payload is looked at', async () => {
    expect(
      (
        await world.call('/api/v1/admin/bulk-import', {
          method: 'POST',
          body: {},
          as: { roles: ['reviewer'] },
        })
      ).status,
    ).toBe(403);
  });
});
