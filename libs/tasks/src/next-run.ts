import { Cron } from 'croner';
import { InvalidScheduleError } from './tasks.errors.js';

/** When a schedule runs: by a cron expression in a time zone, or once. */
export interface Timing {
  /** Five fields: minute, hour, day of month, month, day of week; `@daily` and the like too. */
  readonly cron: string | null;
  /** IANA name in which `cron` is read: `Europe/Vienna`. */
  readonly timeZone: string;
}

const MAX_CRON_LENGTH = 100;

/** The first run of `cron` after `after`; null when it never runs again. @throws InvalidScheduleError */
export function nextRun({ cron, timeZone }: Timing, after: Date): Date | null {
  if (cron === null) return null;
  return parse(cron, timeZone).nextRun(after);
}

/** @throws InvalidScheduleError naming the member, the value, and what is allowed */
export function checkTiming({ cron, timeZone }: Timing): void {
  if (!isTimeZone(timeZone)) {
    throw new InvalidScheduleError(
      'time_zone',
      `Unknown time zone ${JSON.stringify(timeZone.slice(0, 100))}; use an IANA name such as "UTC" or "Europe/Vienna"`,
    );
  }
  if (cron !== null) parse(cron, timeZone);
}

function parse(cron: string, timeZone: string): Cron {
  const shown = JSON.stringify(cron.slice(0, MAX_CRON_LENGTH));
  try {
    if (cron.length > MAX_CRON_LENGTH) throw new Error(`longer than ${MAX_CRON_LENGTH} characters`);
    return new Cron(cron, { paused: true, timezone: timeZone, mode: '5-part' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidScheduleError(
      'cron',
      `${shown} is not a cron expression of five fields (minute hour day month weekday): ${reason}`,
    );
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
