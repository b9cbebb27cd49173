import { z } from 'zod';
import { errorCodes, type ErrorCode } from './error-codes.js';

/** One fault of a request: where, what was wrong, what is allowed. */
export const faultSchema = z.object({
  /** Path in the seed's spelling: `dialogues[0].phrases[2].reference_text`; a header or query member by its name. */
  field: z.string(),
  error: z.string(),
  code: z.string().optional(),
});

/** One fault of a request. */
export type Fault = z.output<typeof faultSchema>;

/** Body of every error: RFC 9457 plus `code` and `request_id` (`application/problem+json`). */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    request_id: z.string(),
    details: z.array(faultSchema).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** Body of every error. */
export type Problem = z.output<typeof problemSchema>;

/** What the occurrence of a problem adds to its code. */
export interface ProblemOccurrence {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Path of the request, without query. */
  readonly instance: string;
  readonly requestId: string;
  readonly faults?: readonly Fault[];
  /** Further members, e.g. `original_import` of a duplicate batch. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Builds the one error body. Members that a seed spells itself are added by the caller. */
export function problem({ code, detail, instance, requestId, faults, members }: ProblemOccurrence): Problem {
  const { status, title } = errorCodes[code];
  return {
    type: `urn:hornbook:problem:${code}`,
    title,
    status,
    detail,
    instance,
    code,
    request_id: requestId,
    ...(faults ? { details: [...faults] } : {}),
    ...members,
  };
}

/**
 * The members that seed 000, section 3 gives every error of the PronIELTS and export APIs:
 * `success: false`, `error` (the code) and `message`. `details` and `request_id` are there already.
 */
export function pronieltsErrorMembers(body: Problem): Record<string, unknown> {
  return { success: false, error: body.code, message: body.detail };
}

/** What seed 002 says of errors of the bulk API: the words of a 401. Its other texts are each error's own `detail`. */
export function cardsErrorMembers(body: Problem): Record<string, unknown> {
  return body.code === 'unauthenticated' ? { detail: 'Invalid or missing API key' } : {};
}
