import { newCardId } from './card-ids.js';

describe('ids of cards', () => {
  test('are UUIDv7, all different, and in the order in which they were made', () => {
    const ids = Array.from({ length: 20_000 }, newCardId);

    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test('end in eight digits that are random', () => {
    const ends = Array.from({ length: 1_000 }, () => newCardId().slice(-8));

    expect(new Set(ends).size).toBe(1_000);
  });
});
