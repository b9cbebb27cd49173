import { cpus, totalmem } from 'node:os';

/** One line of the report. */
export interface Measurement {
  readonly what: string;
  /** Measured values, one a run, in the order of the runs. */
  readonly values: readonly number[];
  readonly unit: string;
  /** What has to hold of the median. */
  readonly bound?: { readonly atLeast: number } | { readonly atMost: number };
  readonly note?: string;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest-rank percentile; NaN of nothing. */
export function percentile(values: readonly number[], rank: number): number {
  const ordered = [...values].sort((a, b) => a - b);
  return (
    ordered[Math.min(ordered.length - 1, Math.max(0, Math.ceil((rank / 100) * ordered.length) - 1))] ?? NaN
  );
}

/** Whether the median keeps the bound; true without one. */
export function holds({ values, bound }: Measurement): boolean {
  if (!bound) return true;
  return 'atLeast' in bound ? median(values) >= bound.atLeast : median(values) <= bound.atMost;
}

/** `1234.5` → `1,235`; small numbers keep three digits. */
export function readable(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function boundText({ bound, unit }: Measurement): string {
  if (!bound) return '';
  return 'atLeast' in bound ? `≥ ${readable(bound.atLeast)} ${unit}` : `≤ ${readable(bound.atMost)} ${unit}`;
}

/** The report as a table for people. */
export function report(measurements: readonly Measurement[]): string {
  const rows = measurements.map((measurement) => {
    const { what, values, unit, note } = measurement;
    const spread =
      values.length > 1
        ? `${readable(Math.min(...values))}–${readable(Math.max(...values))} of ${String(values.length)}`
        : '';
    return [
      what,
      `${readable(median(values))} ${unit}`,
      spread,
      boundText(measurement),
      measurement.bound ? (holds(measurement) ? 'holds' : 'MISSED') : '',
      note ?? '',
    ];
  });
  const head = ['what', 'median', 'spread', 'bound', '', 'note'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The machine, for whoever compares. */
export function machine(): string {
  const [cpu] = cpus();
  return `${String(cpus().length)} × ${cpu?.model.trim() ?? 'unknown processor'}, ${String(Math.round(totalmem() / 2 ** 30))} GiB, Node ${process.version}, ${process.platform}`;
}
