import { ConfigurationError } from '../config/config-class.js';
import { startFailure } from './process-end.js';

const systemError = (members: Record<string, unknown>, message = ''): Error =>
  Object.assign(new Error(message), members);

describe('why a service cannot start is', () => {
  test.each([
    [
      'one line for a port that is taken',
      systemError({ syscall: 'listen', code: 'EADDRINUSE', address: '127.0.0.1', port: 8081 }),
      'exporter cannot start: 127.0.0.1:8081 is taken by another process (HOST, PORT)',
    ],
    [
      'one line for an address that is not ours',
      systemError({ syscall: 'listen', code: 'EADDRNOTAVAIL', address: '192.0.2.1', port: 80 }),
      'exporter cannot start: it cannot listen on 192.0.2.1:80: EADDRNOTAVAIL (HOST, PORT)',
    ],
    [
      'one line for a database that is away',
      systemError({ syscall: 'connect', code: 'ECONNREFUSED' }, 'connect ECONNREFUSED 127.0.0.1:5432'),
      'exporter cannot start: the database cannot be reached (DATABASE_URL): connect ECONNREFUSED 127.0.0.1:5432',
    ],
    [
      'one line for a database that is away at each of its addresses',
      systemError({ code: 'ECONNREFUSED' }),
      'exporter cannot start: the database cannot be reached (DATABASE_URL): ECONNREFUSED',
    ],
    [
      'one line for a wrong password',
      systemError({ code: '28P01' }, 'password authentication failed for user "exporter"'),
      'exporter cannot start: the database refuses us (DATABASE_URL): password authentication failed for user "exporter"',
    ],
    [
      'every fault of the configuration, without a stack',
      new ConfigurationError('exporter', ['PORT is not set']),
      'exporter cannot start, its configuration has 1 fault(s):\n  PORT is not set',
    ],
    ['what was thrown, if that was no error', 'broken', 'broken'],
  ])('%s', (_, error, text) => {
    expect(startFailure('exporter', error)).toBe(text);
  });

  test('the stack of anything unforeseen', () => {
    expect(startFailure('exporter', new TypeError('x is not a function'))).toMatch(
      /^TypeError: x is not a function\n\s+at /,
    );
  });
});
