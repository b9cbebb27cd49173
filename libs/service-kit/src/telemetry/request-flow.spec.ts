import { requestId } from './request-flow.js';

const idFor = (given: unknown): string => requestId({ headers: { 'x-request-id': given } });

describe('the id of a request', () => {
  test.each(['r-1', 'a', '0197d0a4-3f5c-7abc-8def-0123456789ab', 'trace:1.2_3', 'x'.repeat(128)])(
    "is the caller's own when that is sound: %s",
    (id) => {
      expect(idFor(id)).toBe(id);
    },
  );

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['several in one', 'a, b'],
    ['a list', ['a', 'b']],
    ['more than one line', 'a\nlevel: fatal'],
    ['markup', '<script>'],
    ['a quote', '"'],
    ['not ASCII', 'ä'],
  ])('is a new one, of its own, when what came is %s', (_, given) => {
    const [one, two] = [idFor(given), idFor(given)];
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(one).not.toBe(two);
  });
});
