import type { BulkImportRequest } from '@hornbook/contracts';
import type { PlatformAnswer } from '../platform/export-target.js';
import { writeBatch } from './batch-body.js';
import { outcomeOfReadBack, outcomeOfSend } from './outcome-of.js';
import type { Outcome } from './outcome.js';

const dialogue = (title: string): BulkImportRequest['dialogues'][number] => ({
  title,
  category_name: 'General',
  difficulty_level: 'beginner',
  phrases: [
    { reference_text: 'Hello there!', order: 1 },
    { reference_text: 'Hello you!', order: 2 },
  ],
});
const request: BulkImportRequest = {
  dialogues: [dialogue('First one'), dialogue('Second one')],
  source: 's',
  batch_id: 'batch-2026-03-02-101500',
};
const { payloadHash } = writeBatch(request.batch_id, request.source, request.dialogues);
const results = [
  { title: 'First one', dialog_id: 1, phrase_ids: [1, 2] },
  { title: 'Second one', dialog_id: 2, phrase_ids: [3, 4] },
];
const created = {
  success: true,
  batch_id: request.batch_id,
  imported: { dialogues: 2, phrases: 4, categories_created: 0 },
  results,
  processed_at: '2024-01-15T10:30:47.123456Z',
};

const answer = (status: number, body: unknown = {}, retryAfter?: string): PlatformAnswer => ({
  kind: 'answer',
  status,
  body,
  retryAfter,
});
const send = (given: PlatformAnswer, earlierSends = false): Outcome =>
  outcomeOfSend(given, request, earlierSends);
const asked = send(answer(409, { error: 'duplicate_batch' })) as Extract<Outcome, { kind: 'read_back' }>;
const read = (given: PlatformAnswer): Outcome => outcomeOfReadBack(given, request, payloadHash, asked);

describe('what an answer to a send means', () => {
  it('201 with this batch’s results confirms it', () => {
    expect(send(answer(201, created))).toEqual({ kind: 'confirmed', by: 'answer', results });
  });

  it.each([
    ['nothing', undefined],
    ['another batch', { ...created, batch_id: 'batch-2026-03-02-101501' }],
    ['one result too few', { ...created, results: results.slice(1) }],
    ['another order', { ...created, results: [...results].reverse() }],
    ['a phrase too few', { ...created, results: [{ ...results[0], phrase_ids: [1] }, results[1]] }],
    ['one id twice', { ...created, results: results.map((result) => ({ ...result, dialog_id: 1 })) }],
    ['ids that are text', { ...created, results: results.map((result) => ({ ...result, dialog_id: '1' })) }],
  ])('201 with %s confirms nothing: the same bytes again will show what is there', (_what, body) => {
    expect(send(answer(201, body))).toMatchObject({ kind: 'again', errorType: 'unreadable_answer' });
  });

  it.each([
    [502, 'again', 'gateway_error'],
    [503, 'again', 'gateway_error'],
    [504, 'again', 'gateway_error'],
    [408, 'again', 'timeout'],
    [429, 'later', 'rate_limited'],
    [400, 'refused', 'validation_error'],
    [401, 'failed', 'unauthorized'],
    [403, 'failed', 'forbidden'],
    [301, 'failed', 'redirected'],
    [404, 'failed', 'unexpected_answer'],
    [413, 'failed', 'unexpected_answer'],
    [422, 'failed', 'unexpected_answer'],
    [500, 'failed', 'unexpected_answer'],
    [501, 'failed', 'unexpected_answer'],
    [200, 'failed', 'unexpected_answer'],
    [418, 'failed', 'unexpected_answer'],
  ])('%i: %s (%s)', (status, kind, errorType) => {
    expect(send(answer(status))).toMatchObject({ kind, errorType });
  });

  it('only 401 and 403 pause everything', () => {
    const pausing = [400, 401, 403, 404, 409, 413, 422, 500].filter((status) => {
      const outcome = send(answer(status));
      return outcome.kind === 'failed' && outcome.pause;
    });
    expect(pausing).toEqual([401, 403]);
  });

  it.each([
    ['dialogues[1].phrases[0].reference_text', [1]],
    ['dialogues[0]', [0]],
    ['body.dialogues[1].title', [1]],
    ['dialogues.1.title', [1]],
    ['dialogues[2].title', []],
    ['dialogues[01x]', []],
    ['dialogues', []],
    ['source', []],
    ['my.dialogues[0]', []],
  ])('400 with %p names %p', (field, named) => {
    const outcome = send(answer(400, { error: 'validation_error', details: [{ field, error: 'no' }] }));
    expect(outcome.kind === 'refused' && [...outcome.faults.keys()]).toEqual(named);
  });

  it('400 after a send of unknown outcome is looked into before the batch is taken apart', () => {
    expect(send(answer(400), true)).toMatchObject({ kind: 'read_back', missing: { kind: 'refused' } });
  });

  it('409 is nobody’s confirmation by itself', () => {
    expect(send(answer(409, { error: 'duplicate_batch', payload_matches: true })).kind).toBe('read_back');
    expect(send(answer(409, { error: 'duplicate_batch', payload_matches: false })).kind).toBe('foreign');
    expect(send(answer(409, { error: 'batch_in_progress' }, '7'))).toMatchObject({
      kind: 'later',
      retryAfter: '7',
    });
    expect(send(answer(409)).kind).toBe('read_back');
  });

  it.each([
    null,
    'text',
    [],
    5,
    { error: 5, details: 'many' },
    { details: [{ field: 5 }] },
    { detail: { error: [] } },
  ])('a strange body (%p) is survived', (body) => {
    for (const status of [201, 400, 401, 409, 500])
      expect(send(answer(status, body)).kind).not.toBe('confirmed');
    expect(read(answer(200, body)).kind).not.toBe('confirmed');
  });

  it('hanging up ourselves is nobody’s failure', () => {
    expect(send({ kind: 'interrupted' })).toMatchObject({ kind: 'released', sent: true });
  });
});

describe('what a read-back means', () => {
  it('this batch’s results confirm it, whether the platform shows a hash or not', () => {
    expect(
      read(
        answer(200, { batch_id: request.batch_id, status: 'completed', payload_hash: payloadHash, results }),
      ),
    ).toEqual({ kind: 'confirmed', by: 'read_back', results });
    expect(read(answer(200, { batch_id: request.batch_id, results })).kind).toBe('confirmed');
  });

  it('another payload or other titles are somebody else’s batch', () => {
    expect(read(answer(200, { batch_id: request.batch_id, payload_hash: 'other', results })).kind).toBe(
      'foreign',
    );
    expect(read(answer(200, { batch_id: request.batch_id, results: [...results].reverse() })).kind).toBe(
      'foreign',
    );
  });

  it('but never when the platform has just said that the payload is ours: that is for a person', () => {
    const claimed = send(answer(409, { error: 'duplicate_batch', payload_matches: true })) as Extract<
      Outcome,
      { kind: 'read_back' }
    >;
    const shown = answer(200, { batch_id: request.batch_id, results: [...results].reverse() });
    expect(outcomeOfReadBack(shown, request, payloadHash, claimed)).toMatchObject({
      kind: 'failed',
      errorType: 'unverified_duplicate',
    });
  });

  it.each([404, 405, 410, 501])('%i: a duplicate that is not shown cannot be told', (status) => {
    expect(read(answer(status))).toMatchObject({ kind: 'failed', errorType: 'unverified_duplicate' });
  });

  it('what may be different next time is tried again', () => {
    expect(read(answer(502)).kind).toBe('again');
    expect(read(answer(429)).kind).toBe('later');
    expect(read({ kind: 'unreachable', reason: 'timeout', message: '' }).kind).toBe('again');
    expect(read(answer(200, { batch_id: request.batch_id, status: 'processing' })).kind).toBe('later');
    expect(read(answer(401))).toMatchObject({ kind: 'failed', pause: true });
  });
});
