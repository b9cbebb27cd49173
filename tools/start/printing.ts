/** A fault that the person at the keyboard can mend: printed as one line, without a stack. */
export class StartError extends Error {}

/** One line of progress. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Seconds since `startedAt` (from `performance.now()`), as people read them. */
export function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

/** Rows as a table: texts to the left, numbers to the right. */
export function table(rows: readonly (readonly [string, string | number])[]): string {
  const widest = Math.max(...rows.map(([name]) => name.length));
  const right = Math.max(...rows.map(([, value]) => String(value).length));
  return rows.map(([name, value]) => `  ${name.padEnd(widest)}  ${String(value).padStart(right)}`).join('\n');
}
