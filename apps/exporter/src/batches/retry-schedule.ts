/** A platform that says "at once" is not taken at its word: no hot loop. */
const SHORTEST_MS = 1_000;

/**
 * How long to wait before the next send, milliseconds; undefined when there is none left.
 * @param delaysMs one wait per retry (seed 000, section 7.2: 60, 120, 300 s)
 * @param failures sends that failed so far, the last one included
 * @param retryAfterMs what the platform asked for, which takes the place of the schedule's wait
 */
export function retryDelay(
  delaysMs: readonly number[],
  failures: number,
  retryAfterMs?: number,
): number | undefined {
  const delay = delaysMs[failures - 1];
  return delay === undefined ? undefined : (retryAfterMs ?? delay);
}

/**
 * The wait that a `Retry-After` asks for (RFC 9110, section 10.2.3: seconds or an HTTP date), milliseconds, at least
 * one second and at most `maxMs`; undefined when there is none or it says nothing.
 */
export function retryAfter(header: string | undefined, now: number, maxMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  // A date names its day first; anything else that Date.parse takes is no HTTP date.
  const wait = /^\d{1,10}$/.test(text)
    ? Number(text) * 1000
    : /^[A-Z][a-z]+,? /.test(text)
      ? Date.parse(text) - now
      : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(maxMs, Math.max(SHORTEST_MS, wait));
}
