/** Attempts after the first one. */
export const MAX_RETRIES = 6;

/** Each pause is so many times the one before it: 30 s, 2 min, 8 min, 32 min, 2 h, 8.5 h. */
const GROWTH = 4;

/**
 * Pause after a failed attempt, milliseconds; undefined after the last one.
 * @param attempt number of the one that failed, from 1
 * @param jitter 0 ≤ jitter < 1; shortens the pause by up to a tenth, so that what failed together does not come
 * back together
 */
export function pauseAfter(attempt: number, baseMs: number, jitter: number): number | undefined {
  if (attempt > MAX_RETRIES) return undefined;
  return Math.round(baseMs * GROWTH ** (attempt - 1) * (1 - jitter / 10));
}
