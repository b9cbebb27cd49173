import { bulkImportRequestSchema, payloadHash, type BulkImportRequest } from './bulk-import.js';

function request(overrides: Partial<BulkImportRequest> = {}): BulkImportRequest {
  return {
    dialogues: [
      {
        title: 'Ordering a coffee',
        category_name: 'Restaurant',
        difficulty_level: 'beginner',
        phrases: [
          { reference_text: 'A coffee, please.', order: 1 },
          { reference_text: 'With milk?', order: 2 },
        ],
      },
    ],
    source: 'automation-pipeline',
    batch_id: 'batch-2026-03-02-101500',
    ...overrides,
  };
}

const [dialogue] = request().dialogues;

const messagesFor = (body: unknown): string[] =>
  bulkImportRequestSchema.safeParse(body).error?.issues.map(({ message }) => message) ?? [];

describe('a bulk import', () => {
  test('is accepted in the form the seed gives', () => {
    expect(messagesFor(request())).toEqual([]);
  });

  test.each(['batch-2026-3-2-101500', 'Batch-2026-03-02-101500', 'batch-2026-03-02-101500\n', ''])(
    'of the id %j is refused',
    (batch_id) => {
      expect(messagesFor(request({ batch_id }))).toEqual(['Must look like batch-YYYY-MM-DD-HHMMSS']);
    },
  );

  test.each([0, 51])('of %i dialogues is refused', (count) => {
    expect(messagesFor(request({ dialogues: Array.from({ length: count }, () => dialogue!) }))).toHaveLength(
      1,
    );
  });

  test.each([
    ['starting from 2', [2, 3]],
    ['with a gap', [1, 3]],
    ['out of order', [2, 1]],
    ['twice the same', [1, 1]],
  ])('with phrases numbered %s is refused', (_, orders) => {
    const phrases = orders.map((order) => ({ reference_text: 'A coffee, please.', order }));
    expect(messagesFor(request({ dialogues: [{ ...dialogue!, phrases }] }))).toEqual([
      'Phrases must have consecutive order starting from 1',
    ]);
  });

  test('with a wrong order and another fault has both told', () => {
    const phrases = [
      { reference_text: 'A', order: 1 },
      { reference_text: 'With milk?', order: 3 },
    ];
    expect(messagesFor(request({ dialogues: [{ ...dialogue!, phrases }] }))).toEqual([
      'String too short (minimum 5 characters)',
      'Phrases must have consecutive order starting from 1',
    ]);
  });
});

describe('the hash of a payload', () => {
  test('is the same whatever the order of members', () => {
    const { dialogues, source, batch_id } = request();
    const turned = {
      batch_id,
      source,
      dialogues: dialogues.map((each) => Object.fromEntries(Object.entries(each).reverse())),
    };
    expect(payloadHash(turned as BulkImportRequest)).toBe(payloadHash(request()));
  });

  test('is another for another content, order of phrases or source', () => {
    const [first, second] = dialogue!.phrases;
    const hashes = [
      request(),
      request({ source: 'other' }),
      request({ dialogues: [{ ...dialogue!, title: 'Ordering a cocoa' }] }),
      request({ dialogues: [{ ...dialogue!, phrases: [second!, first!] }] }),
    ].map(payloadHash);
    expect(new Set(hashes).size).toBe(4);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
