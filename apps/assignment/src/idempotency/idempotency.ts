import { queryRows, type Tx } from '@hornbook/database';
import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { createHash } from 'node:crypto';

/** One request that may be sent again. */
export interface IdempotentRequest {
  /** Whose key it is; others' keys of the same name are other keys. */
  readonly owner: string;
  /** `Idempotency-Key`; undefined runs the work without any memory. */
  readonly key: string | undefined;
  /** Method and path. */
  readonly route: string;
  readonly body: unknown;
}

/** 422: the key was used with another request. */
export class IdempotencyKeyReusedError extends ProblemError {
  constructor(key: string) {
    super('idempotency_key_reused', {
      detail: `Idempotency-Key ${JSON.stringify(key)} was used with another request; take a new one`,
    });
  }
}

/** @throws ValidationError when the header is no key */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new ValidationError([
    { field: 'Idempotency-Key', error: 'Expected 1–200 printable ASCII characters', code: 'invalid_key' },
  ]);
}

/**
 * Does the work once for each key, and answers a repetition with the first answer. Key, work and answer are one
 * transaction, so there is no key without its answer; a repetition that arrives meanwhile waits for the first.
 * @throws IdempotencyKeyReusedError, ValidationError for a body too deep to be compared
 */
export async function once<Answer>(
  tx: Tx,
  { owner, key, route, body }: IdempotentRequest,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (key === undefined) return work();
  const hash = createHash('sha256')
    .update(`${route}\n${textOf(body)}`)
    .digest('hex');
  const fresh = await queryRows(
    tx,
    `INSERT INTO idempotency_keys (owner, key, request_hash) VALUES ($1, $2, $3)
     ON CONFLICT (owner, key) DO NOTHING RETURNING key`,
    [owner, key, hash],
  );
  if (fresh.length > 0) {
    const answer = await work();
    await queryRows(tx, 'UPDATE idempotency_keys SET answer = $3 WHERE owner = $1 AND key = $2', [
      owner,
      key,
      JSON.stringify(answer),
    ]);
    return answer;
  }
  const [known] = await queryRows<{ request_hash: string; answer: Answer }>(
    tx,
    'SELECT request_hash, answer FROM idempotency_keys WHERE owner = $1 AND key = $2',
    [owner, key],
  );
  if (known?.request_hash !== hash) throw new IdempotencyKeyReusedError(key);
  return known.answer;
}

function textOf(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ValidationError([
      { field: 'body', error: 'The request is nested thousands of levels deep', code: 'too_deep' },
    ]);
  }
}
