import { ProblemError } from '@hornbook/service-kit';

/** What requests are counted by. */
export type LimitName = 'caller' | 'address' | 'failed_authentications';

const whose: Record<LimitName, string> = {
  caller: 'requests of this caller',
  address: 'requests from this address',
  failed_authentications: 'failed authentications from this address',
};

/** 429: which limit, and when to come back. */
export class RateLimitedError extends ProblemError {
  constructor(limit: LimitName, most: number, windowSeconds: number, retryAfterSeconds: number) {
    super('rate_limited', {
      detail: `More than ${String(most)} ${whose[limit]} in ${String(windowSeconds)} s; come back in ${String(retryAfterSeconds)} s`,
      members: { limit },
      headers: { 'retry-after': String(retryAfterSeconds) },
    });
  }
}
