import type { Problem } from '@hornbook/contracts';
import type { Connection } from './config.js';

/** The gateway refused; carries its problem for the person at the keyboard. */
export class RefusedError extends Error {}

/** Longest wait for an answer, milliseconds. */
const TIMEOUT_MS = 30_000;

/**
 * One call through the gateway.
 * @returns the parsed body, undefined when there is none
 * @throws RefusedError with status, detail and request id
 */
export async function call(
  connection: Connection,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`${connection.gateway}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${connection.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new RefusedError(
      `${connection.gateway} does not answer: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const text = await response.text();
  if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
  throw new RefusedError(describe(response.status, text));
}

function describe(status: number, text: string): string {
  try {
    const problem = JSON.parse(text) as Problem;
    return `${String(status)} ${problem.code}: ${problem.detail} (request ${problem.request_id})`;
  } catch {
    return `${String(status)}: ${text.slice(0, 200)}`;
  }
}
