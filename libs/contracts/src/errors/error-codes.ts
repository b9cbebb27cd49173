/** What a code means on the wire. */
export interface ErrorCodeEntry {
  readonly status: number;
  /** RFC 9457 `title`: the same for every occurrence of the code. */
  readonly title: string;
  /** Whether the very same request may succeed later. */
  readonly retryable: boolean;
}

const entry = (status: number, title: string, retryable = false): ErrorCodeEntry => ({
  status,
  title,
  retryable,
});

/** The closed list of error codes of every service. A new code is added here and nowhere else. */
export const errorCodes = {
  validation_error: entry(400, 'Invalid request'),
  unauthenticated: entry(401, 'Authentication required'),
  forbidden: entry(403, 'Not allowed'),
  not_found: entry(404, 'Not found'),
  method_not_allowed: entry(405, 'Method not allowed'),
  not_acceptable: entry(406, 'Not acceptable'),
  request_timeout: entry(408, 'Request timed out', true),
  conflict: entry(409, 'Conflict'),
  duplicate_batch: entry(409, 'Batch already processed'),
  batch_in_progress: entry(409, 'Batch is being processed', true),
  gone: entry(410, 'Gone'),
  // Capitals: seed 003 spells its codes so.
  INVALID_APPROVAL: entry(400, 'Not ready to be approved'),
  ASSIGNMENT_OWNERSHIP: entry(403, 'Not assigned to the caller'),
  ALREADY_ASSIGNED: entry(409, 'Assigned to somebody else'),
  INVALID_TRANSITION: entry(409, 'Not possible in this status'),
  precondition_failed: entry(412, 'Precondition failed'),
  payload_too_large: entry(413, 'Payload too large'),
  unsupported_media_type: entry(415, 'Unsupported media type'),
  range_not_satisfiable: entry(416, 'Range not satisfiable'),
  idempotency_key_reused: entry(422, 'Idempotency key reused with another request'),
  precondition_required: entry(428, 'Precondition required'),
  rate_limited: entry(429, 'Too many requests', true),
  headers_too_large: entry(431, 'Request headers too large'),
  internal_error: entry(500, 'Internal server error', true),
  upstream_error: entry(502, 'Bad answer from a service', true),
  service_unavailable: entry(503, 'Service unavailable', true),
  upstream_timeout: entry(504, 'A service did not answer in time', true),
} as const satisfies Record<string, ErrorCodeEntry>;

/** One of the codes of the closed list. */
export type ErrorCode = keyof typeof errorCodes;
