/** Exponential back-off with a jitter of up to a half, so that tasks that failed together do not come back together. */
export function backOffMs(
  attempt: number,
  { retryBaseMs, retryMaxMs }: { readonly retryBaseMs: number; readonly retryMaxMs: number },
  random: () => number = Math.random,
): number {
  const full = Math.min(retryMaxMs, retryBaseMs * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + random() / 2));
}
