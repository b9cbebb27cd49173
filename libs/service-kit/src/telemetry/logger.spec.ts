import { QueryFailedError } from 'typeorm';
import { runInFlow } from '@hornbook/messaging';
import { createLogger, NestLogger } from './logger.js';

const SECRET = 'hunter2';

/** What a logger wrote, parsed and as text. */
function collect(level = 'trace'): {
  readonly logger: ReturnType<typeof createLogger>;
  readonly lines: Record<string, unknown>[];
  text(): string;
} {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('exporter', level, {
    write(line: string) {
      written.push(line);
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  return { logger, lines, text: () => written.join('') };
}

describe('a log line', () => {
  test('is JSON with the service, a level in words and the time in UTC', () => {
    const { logger, lines } = collect();
    logger.info({ msg: 'ready', port: 8081 });
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        service: 'exporter',
        msg: 'ready',
        port: 8081,
      },
    ]);
  });

  test('below the level is not written', () => {
    const { logger, lines } = collect('warn');
    logger.info('quiet');
    logger.warn('loud');
    expect(lines).toHaveLength(1);
  });

  test('of a request carries its id, as request and as correlation id, and the trace it belongs to', () => {
    const { logger, lines } = collect();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    runInFlow({ correlationId: 'r-1', traceparent }, () => logger.info('in a request'));
    expect(lines[0]).toMatchObject({
      request_id: 'r-1',
      correlation_id: 'r-1',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    });
  });

  test('of a message carries the correlation id, but no request id', () => {
    const { logger, lines } = collect();
    runInFlow({ correlationId: 'r-1', causationId: 'm-1' }, () => logger.info('in a message'));
    expect(lines[0]).toMatchObject({ correlation_id: 'r-1' });
    expect(lines[0]).not.toHaveProperty('request_id');
  });
});

describe('a secret in a log line', () => {
  const secretMembers = [
    'authorization',
    'password',
    'secret',
    'token',
    'apiKey',
    'api_key',
    'x-api-key',
    'cookie',
    'set-cookie',
    'x-hornbook-identity',
    'databaseUrl',
    'rabbitmqUrl',
    'messagingDatabaseUrl',
    'DATABASE_URL',
    'MESSAGING_DATABASE_URL',
    'RABBITMQ_URL',
  ];

  test.each(secretMembers)('under the name %s is redacted at the top, one and two levels down', (name) => {
    const { logger, lines, text } = collect();
    logger.info({ [name]: SECRET, headers: { [name]: SECRET }, request: { headers: { [name]: SECRET } } });
    expect(text()).not.toContain(SECRET);
    expect(lines[0]).toMatchObject({ [name]: '[redacted]', headers: { [name]: '[redacted]' } });
  });

  test('is redacted for Nest as well', () => {
    const { logger, text } = collect();
    new NestLogger(logger).log({ msg: 'calling', headers: { authorization: `Bearer ${SECRET}` } });
    expect(text()).not.toContain(SECRET);
  });

  test('that a database error carries as parameter stays out, and so does the statement', () => {
    const { logger, lines, text } = collect();
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: `Key (k)=(${SECRET}) exists`,
    });
    logger.error({
      msg: 'failed',
      err: new QueryFailedError('INSERT INTO keys VALUES ($1)', [SECRET], cause),
    });
    expect(text()).not.toContain(SECRET);
    expect(text()).not.toContain('INSERT');
    expect(lines[0]).toMatchObject({
      err: { type: 'QueryFailedError', message: 'duplicate key', code: '23505' },
    });
  });

  test('that another error carries as a member stays out', () => {
    const { logger, text } = collect();
    logger.error({ err: Object.assign(new Error('401'), { config: { headers: { 'X-Key': SECRET } } }) });
    expect(text()).not.toContain(SECRET);
  });
});

describe('an error in a log line', () => {
  test('has its kind, text and stack, and those of its cause', () => {
    const { logger, lines } = collect();
    logger.error({ err: new TypeError('no such shelf', { cause: new Error('shelf is gone') }) });
    expect(lines[0]!['err']).toEqual({
      type: 'TypeError',
      message: expect.stringMatching(/no such shelf.*shelf is gone/) as string,
      stack: expect.stringMatching(/TypeError: no such shelf[^]*Error: shelf is gone/) as string,
    });
  });

  test.each(['a text', undefined, null, 7, { code: 7 }])(
    'is told even when what was thrown is %j',
    (thrown) => {
      const { logger, lines } = collect();
      logger.fatal({ msg: 'unhandled rejection', err: thrown });
      expect(lines[0]).toMatchObject({ level: 'fatal', msg: 'unhandled rejection' });
    },
  );
});

describe("Nest's logger", () => {
  test('writes texts and objects alike, with the class it speaks for', () => {
    const { logger, lines } = collect();
    const nest = new NestLogger(logger);
    nest.log('plain', 'Loop');
    nest.warn({ msg: 'with members', batch_id: 'b' }, 'Loop');
    nest.error(new Error('broken'), 'Loop');
    expect(lines).toMatchObject([
      { level: 'info', msg: 'plain', context: 'Loop' },
      { level: 'warn', msg: 'with members', batch_id: 'b', context: 'Loop' },
      { level: 'error', context: 'Loop', err: { message: 'broken' } },
    ]);
  });

  test('keeps the talk of the framework at the level of debugging', () => {
    const { logger, lines } = collect();
    const nest = new NestLogger(logger);
    nest.log('Mapped {/lessons, POST} route', 'RouterExplorer');
    nest.error('Cannot resolve dependencies', 'InstanceLoader');
    expect(lines.map(({ level }) => level)).toEqual(['debug', 'error']);
  });
});
