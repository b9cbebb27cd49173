import fc from 'fast-check';
import { keyHash, newKey, newKeyPrefix, prefixOf, sameHash } from './api-key.js';

test('a key names its prefix', () => {
  for (let count = 0; count < 50; count++) {
    const prefix = newKeyPrefix();
    expect(prefixOf(newKey(prefix))).toBe(prefix);
  }
});

test('one wrong character is always noticed', () => {
  const key = newKey(newKeyPrefix());
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: key.length - 1 }),
      fc.constantFrom('0', 'A', 'a', '9', 'Z', 'z', '_', '-'),
      (at, other) => {
        const changed = key.slice(0, at) + other + key.slice(at + 1);
        expect(prefixOf(changed)).toBe(changed === key ? key.slice(0, 20) : undefined);
      },
    ),
  );
});

test('no other text names a prefix', () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => prefixOf(text) === undefined && prefixOf(`hb_live_${text}`) === undefined,
    ),
  );
});

test('no two keys are alike', () => {
  const prefix = newKeyPrefix();
  expect(new Set(Array.from({ length: 1_000 }, () => newKey(prefix))).size).toBe(1_000);
});

test('hashes are compared whole', () => {
  const hash = keyHash('a');
  expect([
    sameHash(hash, keyHash('a')),
    sameHash(hash, keyHash('b')),
    sameHash(hash, null),
    sameHash(hash, hash.subarray(1)),
  ]).toEqual([true, false, false, false]);
});
