import { STATUS_CODES } from 'node:http';
import { errorCodes, type ErrorCodeEntry } from './error-codes.js';

const entries: [string, ErrorCodeEntry][] = Object.entries(errorCodes);

describe('the table of error codes', () => {
  test.each(entries)(
    '%s: is a snake-case word (in capitals where a seed has it so) with an error status and a title of its own',
    (code, entry) => {
      expect(code).toMatch(/^([a-z]+(_[a-z]+)*|[A-Z]+(_[A-Z]+)*)$/);
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(STATUS_CODES).toHaveProperty(String(entry.status));
      expect(entry.title).toMatch(/^[A-Z]/);
      expect(entries.filter(([, { title }]) => title === entry.title)).toHaveLength(1);
    },
  );

  test.each(entries)(
    '%s: may be tried again exactly when the fault lies with us or with the moment',
    (code, entry) => {
      const ofTheMoment = ['request_timeout', 'rate_limited', 'batch_in_progress'];
      expect(entry.retryable).toBe(entry.status >= 500 || ofTheMoment.includes(code));
    },
  );
});
