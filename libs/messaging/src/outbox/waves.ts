/**
 * Splits rows, oldest first, so that each wave holds at most one row of a key and a key's rows come in order. A
 * wave is sent at once; the next one only after its confirms.
 */
export function wavesByKey<Row extends { readonly key: string }>(rows: readonly Row[]): Row[][] {
  const waves: Row[][] = [];
  const next = new Map<string, number>();
  for (const row of rows) {
    const index = next.get(row.key) ?? 0;
    next.set(row.key, index + 1);
    (waves[index] ??= []).push(row);
  }
  return waves;
}
