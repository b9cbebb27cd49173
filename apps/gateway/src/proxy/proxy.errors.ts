import { ProblemError } from '@hornbook/service-kit';
import type { Failure, Refusal } from './upstream.js';

const RETRY_AFTER = { 'retry-after': '2' } as const;

/** 503: the service cannot be reached or has too much in hand; nothing of the request was sent. */
export class ServiceUnavailableError extends ProblemError {
  constructor(service: string, refusal: Refusal) {
    const state = refusal === 'overloaded' ? 'has too many requests in hand' : 'cannot be reached';
    super('service_unavailable', {
      detail: `The service ${service} ${state} just now; send the request again later`,
      members: { service },
      headers: RETRY_AFTER,
    });
  }
}

/** 502: the connection broke after the request was sent, before an answer came. */
export class UpstreamBrokenError extends ProblemError {
  constructor(service: string) {
    super('upstream_error', {
      detail: `The connection to the service ${service} broke before it answered; it may or may not have acted, so repeat with the same Idempotency-Key`,
      members: { service },
      headers: RETRY_AFTER,
    });
  }
}

/** 504: the service was silent for too long. */
export class UpstreamTimeoutError extends ProblemError {
  constructor(service: string, timeoutMs: number) {
    super('upstream_timeout', {
      detail: `The service ${service} did not answer within ${String(timeoutMs / 1_000)} s; it may still act on the request`,
      members: { service },
    });
  }
}

/** 408: the caller stopped in the middle of its body. */
export class UploadStalledError extends ProblemError {
  constructor(timeoutMs: number) {
    super('request_timeout', {
      detail: `Nothing of the request's body arrived for ${String(timeoutMs / 1_000)} s`,
    });
  }
}

/** 413 with the limit. */
export class PayloadTooLargeError extends ProblemError {
  constructor(limit: number) {
    super('payload_too_large', {
      detail: `The body is larger than ${String(limit)} bytes, the limit of this route`,
      members: { limit_bytes: limit },
    });
  }
}

/** 400: a path that two servers could read in two ways. */
export class AmbiguousPathError extends ProblemError {
  constructor() {
    super('validation_error', { detail: 'The path has a segment "." or ".."; send the path that is meant' });
  }
}

/** 400: a body in a coding that nobody behind the gateway reads. */
export class TransferCodingError extends ProblemError {
  constructor() {
    super('validation_error', { detail: 'Transfer-Encoding may only be "chunked"' });
  }
}

/** The problem that tells the caller of `failure`. */
export function problemOfFailure(failure: Failure, service: string, timeoutMs: number): ProblemError {
  if (failure === 'timeout') return new UpstreamTimeoutError(service, timeoutMs);
  if (failure === 'broken') return new UpstreamBrokenError(service);
  return new ServiceUnavailableError(service, failure);
}
