import { ProblemError } from '@hornbook/service-kit';

/** Challenge of every 401 (RFC 6750, section 3). */
const challenge = 'Bearer realm="hornbook"';

/** 401: no credentials, or credentials that prove nothing. The detail never says which part was wrong. */
export class UnauthenticatedError extends ProblemError {
  constructor(detail: string, cause?: unknown) {
    super('unauthenticated', {
      detail,
      headers: {
        'www-authenticate': cause === undefined ? challenge : `${challenge}, error="invalid_token"`,
      },
      cause,
    });
  }
}

/** 503: the issuer's public keys cannot be fetched, so nothing can be said of any token. */
export class KeysUnavailableError extends ProblemError {
  constructor(cause: unknown) {
    super('service_unavailable', {
      detail: 'Tokens cannot be checked just now; send the request again later',
      headers: { 'retry-after': '5' },
      cause,
    });
  }
}
