import { checkTiming, nextRun } from './next-run.js';
import { InvalidScheduleError } from './tasks.errors.js';

const next = (cron: string, timeZone: string, after: string): string | undefined =>
  nextRun({ cron, timeZone }, new Date(after))?.toISOString();

describe('the next run of a schedule', () => {
  test('is read in its time zone, summer and winter', () => {
    expect(next('30 3 * * *', 'Europe/Vienna', '2026-01-10T12:00:00Z')).toBe('2026-01-11T02:30:00.000Z');
    expect(next('30 3 * * *', 'Europe/Vienna', '2026-07-10T12:00:00Z')).toBe('2026-07-11T01:30:00.000Z');
  });

  test('comes once on the day on which the clock is put back, and just after the gap when it is put forward', () => {
    const first = next('30 2 * * *', 'Europe/Vienna', '2026-10-24T12:00:00Z');
    expect(first).toBe('2026-10-25T00:30:00.000Z');
    expect(next('30 2 * * *', 'Europe/Vienna', first!)).toBe('2026-10-26T01:30:00.000Z');
    expect(next('30 2 * * *', 'Europe/Vienna', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
  });

  test('is after the given time, not at it', () => {
    expect(next('0 * * * *', 'UTC', '2026-01-01T10:00:00Z')).toBe('2026-01-01T11:00:00.000Z');
  });

  test('is none for a schedule that runs once', () => {
    expect(nextRun({ cron: null, timeZone: 'UTC' }, new Date())).toBeNull();
  });

  test.each(['', 'often', '* * * *', '* * * * * *', '61 * * * *', '0 0 * * MOON', 'x'.repeat(200)])(
    '%j is no cron expression, and the error shows it',
    (cron) => {
      const check = (): void => checkTiming({ cron, timeZone: 'UTC' });
      expect(check).toThrow(InvalidScheduleError);
      expect(check).toThrow(JSON.stringify(cron.slice(0, 100)));
    },
  );

  test.each(['', 'Mars/Olympus', 'UTC+25', '../etc'])('%j is no time zone', (timeZone) => {
    expect(() => checkTiming({ cron: null, timeZone })).toThrow(JSON.stringify(timeZone));
  });
});
