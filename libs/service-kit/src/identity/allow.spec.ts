import type { Identity } from '@hornbook/contracts';
import { admits } from './allow.js';

const identity = (overrides: Partial<Identity>): Identity => ({
  sub: 'ada',
  owner: 'ada',
  roles: ['curator'],
  scopes: ['exports:write'],
  ...overrides,
});

describe('an admission', () => {
  const admission = { roles: ['admin', 'curator'], scope: 'exports:write' } as const;

  test.each([
    ['one of the roles and the scope', identity({})],
    ['one of the roles and every scope', identity({ scopes: ['*'] })],
    ['more than it asks for', identity({ roles: ['reviewer', 'admin'], scopes: ['a', 'exports:write'] })],
  ])('is for callers with %s', (_, caller) => {
    expect(admits(admission, caller)).toBe(true);
  });

  test.each([
    ['another role', identity({ roles: ['reviewer'] })],
    ['no role', identity({ roles: [] })],
    ['another scope', identity({ scopes: ['exports:read'] })],
    ['a scope that only begins alike', identity({ scopes: ['exports:*', 'exports:writes', 'exports'] })],
    ['no scope', identity({ scopes: [] })],
  ])('is not for callers with %s', (_, caller) => {
    expect(admits(admission, caller)).toBe(false);
  });
});
