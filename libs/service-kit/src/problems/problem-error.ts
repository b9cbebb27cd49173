import type { ErrorCode, Fault } from '@hornbook/contracts';

/** What an error says beyond its code. */
export interface ProblemDetails {
  /** For a person: what happened, to which value, and what to do next. Never SQL, hosts or secrets. */
  readonly detail: string;
  readonly faults?: readonly Fault[];
  /** Further members of the body, spelled as the seed spells them. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Further response headers, e.g. `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An error that the caller is meant to see. Features subclass it in their `….errors.ts`; the code decides the HTTP
 * status (table in contracts). Anything else that is thrown answers 500 `internal_error` and is logged.
 */
export class ProblemError extends Error {
  readonly faults: readonly Fault[] | undefined;
  readonly members: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly code: ErrorCode,
    { detail, faults, members, headers, cause }: ProblemDetails,
  ) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.faults = faults;
    this.members = members;
    this.headers = headers;
  }
}

/** 400 with every fault of the request. */
export class ValidationError extends ProblemError {
  constructor(faults: readonly Fault[], detail = 'Invalid request payload') {
    super('validation_error', { detail, faults });
  }
}

/** 404; the same for unknown ids and for other owners' ids. */
export class NotFoundError extends ProblemError {
  /** @param what e.g. `Batch batch-2026-01-15-103045` */
  constructor(what: string) {
    super('not_found', { detail: `${what} was not found` });
  }
}
