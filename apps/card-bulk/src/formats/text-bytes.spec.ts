import fc from 'fast-check';
import { TextBytes } from './text-bytes.js';

test('the bytes of texts are those of all of them together, take by take, however long each is', () => {
  const long = fc.tuple(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 3_000 }));
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    long.map(([some, times]) => some.repeat(times)),
  );
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 8 }), { maxLength: 4 }), (takes) => {
      const bytes = new TextBytes();
      const taken = takes.map((texts) => {
        for (const one of texts) bytes.add(one);
        return bytes.take();
      });
      expect(taken.map(String)).toEqual(takes.map((texts) => texts.join('')));
    }),
    { numRuns: 200 },
  );
});
