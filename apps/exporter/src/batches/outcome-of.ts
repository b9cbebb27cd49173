import {
  bulkImportResponseSchema,
  importedDialogueSchema,
  type BulkImportRequest,
} from '@hornbook/contracts';
import { z } from 'zod';
import type { PlatformAnswer } from '../platform/export-target.js';
import type { ErrorType, Outcome } from './outcome.js';
import { mismatchOf } from './results-match.js';

/** Longest text of the platform's that is kept. */
const MAX_MESSAGE = 500;

/** What we look for in the body of an error: the contract's form, or the one FastAPI puts around it. */
const errorBodySchema = z.object({
  error: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
  detail: z
    .union([
      z.string(),
      z.object({
        error: z.string().optional().catch(undefined),
        message: z.string().optional().catch(undefined),
      }),
    ])
    .optional()
    .catch(undefined),
  payload_matches: z.boolean().optional().catch(undefined),
  details: z.array(z.object({ field: z.string(), error: z.string() })).catch([]),
});

/** What a read-back has to tell us; a platform may say more. */
const readBackSchema = z.object({
  batch_id: z.string(),
  status: z.string().optional(),
  payload_hash: z.string().optional(),
  results: z.array(importedDialogueSchema).default([]),
});

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly payloadMatches: boolean | undefined;
  readonly details: readonly { field: string; error: string }[];
}

function errorBody(body: unknown): ErrorBody {
  const parsed = errorBodySchema.safeParse(body);
  if (!parsed.success) return { code: '', message: '', payloadMatches: undefined, details: [] };
  const { error, code, message, detail, payload_matches, details } = parsed.data;
  const nested = typeof detail === 'object' ? detail : { message: detail };
  return {
    code: error ?? code ?? ('error' in nested ? (nested.error ?? '') : ''),
    message: (message ?? nested.message ?? '').slice(0, MAX_MESSAGE),
    payloadMatches: payload_matches,
    details,
  };
}

const failed = (errorType: ErrorType, message: string, pause = false): Outcome => ({
  kind: 'failed',
  errorType,
  message,
  pause,
});
const again = (errorType: ErrorType, message: string, retryAfter?: string): Outcome => ({
  kind: 'again',
  errorType,
  message,
  retryAfter,
});

/** Index of the dialogue that a fault's path begins with: `dialogues[3].phrases[0]…` → 3. */
function dialogueIndex(field: string, count: number): number | undefined {
  const match = /^(?:body\.)?dialogues(?:\[(\d{1,4})\]|\.(\d{1,4})(?:\.|$))/.exec(field);
  const index = Number(match?.[1] ?? match?.[2] ?? NaN);
  return Number.isInteger(index) && index < count ? index : undefined;
}

function refusal({ message, details }: ErrorBody, count: number): Outcome {
  const faults = new Map<number, string>();
  for (const { field, error } of details) {
    const index = dialogueIndex(field, count);
    if (index === undefined) continue;
    const known = faults.get(index);
    faults.set(
      index,
      `${known === undefined ? '' : `${known}; `}${field}: ${error}`.slice(0, 2 * MAX_MESSAGE),
    );
  }
  const all = details
    .map(({ field, error }) => `${field}: ${error}`)
    .join('; ')
    .slice(0, MAX_MESSAGE);
  return {
    kind: 'refused',
    errorType: 'validation_error',
    message: [message, all].filter((part) => part !== '').join(': ') || 'The platform refused the batch',
    faults,
  };
}

function conflict(body: ErrorBody, retryAfter: string | undefined): Outcome {
  if (body.code === 'batch_in_progress') {
    return {
      kind: 'later',
      errorType: 'batch_in_progress',
      message: body.message || 'The platform is still storing this batch',
      retryAfter,
    };
  }
  const foreign: Outcome = {
    kind: 'foreign',
    errorType: 'batch_id_conflict',
    message: 'The platform holds another payload under this batch id',
  };
  if (body.payloadMatches === false) return foreign;
  const what = 'The platform calls this batch a duplicate';
  return {
    kind: 'read_back',
    missing: failed(
      'unverified_duplicate',
      `${what} but does not show it, so it cannot be told whether it is ours`,
    ),
    mismatch:
      body.payloadMatches === true
        ? failed('unverified_duplicate', `${what} with our payload, but shows other dialogues`)
        : foreign,
  };
}

/** What anything but a success means, whether we sent or asked. */
function commonOutcome(answer: PlatformAnswer, count: number): Outcome {
  if (answer.kind === 'interrupted') return { kind: 'released', sent: true, reason: 'the process ends' };
  if (answer.kind === 'unreachable') return again(answer.reason, answer.message);
  if (answer.kind === 'unreadable')
    return again('unreadable_answer', `${answer.message} (status ${String(answer.status)})`);
  const { status, retryAfter } = answer;
  const body = errorBody(answer.body);
  const said = body.message === '' ? '' : `: ${body.message}`;
  if (status === 401)
    return failed('unauthorized', `The platform does not accept our token (401)${said}`, true);
  if (status === 403) return failed('forbidden', `Our token may not import (403)${said}`, true);
  if (status === 409) return conflict(body, retryAfter);
  if (status === 429)
    return {
      kind: 'later',
      errorType: 'rate_limited',
      message: `The platform asks us to slow down (429)${said}`,
      retryAfter,
    };
  if (status === 408) return again('timeout', `The platform gave up waiting (408)${said}`);
  if (status === 502 || status === 503 || status === 504)
    return again('gateway_error', `The platform answered ${String(status)}${said}`, retryAfter);
  if (status >= 300 && status < 400)
    return failed(
      'redirected',
      `The platform redirects elsewhere (${String(status)}); redirects are not followed: correct PRONIELTS_API_URL`,
    );
  if (status === 400) return refusal(body, count);
  return failed('unexpected_answer', `The platform answered ${String(status)}${said}`);
}

/**
 * What the answer to a send means.
 * @param earlierSends whether this batch was sent before, with an outcome that nobody knows
 */
export function outcomeOfSend(
  answer: PlatformAnswer,
  request: BulkImportRequest,
  earlierSends: boolean,
): Outcome {
  if (answer.kind === 'answer' && answer.status === 201) {
    const parsed = bulkImportResponseSchema.safeParse(answer.body);
    // It says "created": whatever it is that we cannot read, the same bytes again will show what is there.
    if (!parsed.success)
      return again('unreadable_answer', 'The platform answered 201 with a body that is not the contract’s');
    const fault =
      parsed.data.batch_id === request.batch_id
        ? mismatchOf(request, parsed.data.results)
        : 'another batch id';
    if (fault !== undefined)
      return again(
        'unreadable_answer',
        `The platform answered 201 with results that are not this batch’s: ${fault}`,
      );
    return { kind: 'confirmed', by: 'answer', results: parsed.data.results };
  }
  const outcome = commonOutcome(answer, request.dialogues.length);
  // An earlier send may have been stored before the platform grew stricter: sending its parts under a new id would
  // put them there twice.
  if (outcome.kind === 'refused' && earlierSends)
    return { kind: 'read_back', missing: outcome, mismatch: outcome };
  return outcome;
}

/** What a read-back means, after a send whose outcome was `asked`. */
export function outcomeOfReadBack(
  answer: PlatformAnswer,
  request: BulkImportRequest,
  payloadHash: string,
  asked: Extract<Outcome, { kind: 'read_back' }>,
): Outcome {
  if (answer.kind !== 'answer' || answer.status !== 200) {
    if (answer.kind === 'answer' && [404, 405, 410, 501].includes(answer.status)) return asked.missing;
    const outcome = commonOutcome(answer, request.dialogues.length);
    return outcome.kind === 'refused' || outcome.kind === 'read_back' || outcome.kind === 'foreign'
      ? failed('unexpected_answer', 'The platform does not answer a look at the batch as the contract says')
      : outcome;
  }
  const parsed = readBackSchema.safeParse(answer.body);
  if (!parsed.success || parsed.data.batch_id !== request.batch_id) {
    return again('unreadable_answer', 'The platform shows the batch in a form that is not the contract’s');
  }
  const { status = 'completed', payload_hash, results } = parsed.data;
  if (status === 'processing') {
    return {
      kind: 'later',
      errorType: 'batch_in_progress',
      message: 'The platform is still storing this batch',
      retryAfter: undefined,
    };
  }
  if (status !== 'completed') return asked.missing;
  const isOurs =
    (payload_hash === undefined || payload_hash === payloadHash) &&
    mismatchOf(request, results) === undefined;
  return isOurs ? { kind: 'confirmed', by: 'read_back', results } : asked.mismatch;
}
