/** `batch-YYYY-MM-DD-HHMMSS` of a second, in UTC (seed 000, section 7.1). */
export function batchIdOf(second: Date): string {
  const [date, time] = second.toISOString().split('T') as [string, string];
  return `batch-${date}-${time.slice(0, 8).replaceAll(':', '')}`;
}

/** The ids of `count` seconds in a row, of which `last` is the last; oldest first. */
export function batchIdsUpTo(last: Date, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    batchIdOf(new Date(last.getTime() - (count - 1 - index) * 1000)),
  );
}
