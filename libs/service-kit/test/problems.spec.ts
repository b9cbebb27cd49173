import { errorCodes, problemSchema, type ErrorCode } from '@hornbook/contracts';
import { createTestDatabase, startTcpProxy, type TcpProxy, type TestDatabase } from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import type { AnyServiceConfig } from '../src/index.js';
import { BODY_LIMIT, SECRET, troubled } from './fixtures/troubled.js';
import { send, sendBytes, type Answer, type Sent } from './support/http.js';

describe('every error is answered with the one problem body', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let app: TestApp<AnyServiceConfig>;

  beforeAll(async () => {
    database = await createTestDatabase({ services: ['test-problems'] });
    const url = new URL(database.urlFor('test-problems'));
    proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    app = await startApp<AnyServiceConfig>(troubled, { database, env: { DATABASE_URL: url.toString() } });
  });

  afterAll(async () => {
    proxy.mode = 'pass';
    await app.stop();
    await proxy.close();
    await database.drop();
  });

  /** The problem in an answer, seen to be whole and nothing else. */
  function problemIn({ status, headers, text: body }: Answer, code: ErrorCode): Record<string, unknown> {
    const problem = problemSchema.parse(JSON.parse(body));
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect({ status, code: problem.code }).toEqual({ status: errorCodes[code].status, code });
    expect(problem).toMatchObject({
      type: `urn:hornbook:problem:${code}`,
      title: errorCodes[code].title,
      status,
      request_id: headers['x-request-id'],
    });
    return problem;
  }

  const json = { 'content-type': 'application/json' };
  const post = (sent: Sent): Promise<Answer> => send(app.url, '/lessons', { method: 'POST', ...sent });

  describe('a body', () => {
    const sound = JSON.stringify({
      title: 'At the station',
      level: 'beginner',
      phrases: [{ text: 'Good morning', order: 1 }],
    });

    test('that is sound is taken, so that each refusal below has the reason it names', async () => {
      expect(await post({ headers: json, body: sound })).toMatchObject({ status: 201 });
    });

    test.each<[string, ErrorCode, string, Sent]>([
      [
        'malformed',
        'validation_error',
        'The body is not valid JSON, or has a member __proto__ or constructor.prototype, which are refused',
        { headers: json, body: '{"title": ' },
      ],
      [
        'poisoned',
        'validation_error',
        'The body is not valid JSON, or has a member __proto__ or constructor.prototype, which are refused',
        { headers: json, body: '{"__proto__": {"admin": true}}' },
      ],
      ['empty', 'validation_error', 'The body is empty; JSON is expected', { headers: json, body: '' }],
      [
        'of another media type',
        'unsupported_media_type',
        'Send the body as application/json',
        { headers: { 'content-type': 'application/xml' }, body: '<a/>' },
      ],
      [
        'of plain text',
        'unsupported_media_type',
        'Send the body as application/json',
        { headers: { 'content-type': 'text/plain' }, body: sound },
      ],
      ['of no type', 'unsupported_media_type', 'Send the body as application/json', { body: sound }],
      [
        'of a type that is none',
        'unsupported_media_type',
        'Send the body as application/json',
        { headers: { 'content-type': 'json' }, body: sound },
      ],
      [
        'too large',
        'payload_too_large',
        `The body is larger than ${String(BODY_LIMIT)} bytes, the limit of this route`,
        { headers: json, body: `"${'x'.repeat(BODY_LIMIT)}"` },
      ],
      [
        'too large without saying so',
        'payload_too_large',
        `The body is larger than ${String(BODY_LIMIT)} bytes, the limit of this route`,
        { headers: { ...json, 'transfer-encoding': 'chunked' }, body: `"${'x'.repeat(BODY_LIMIT)}"` },
      ],
    ])('that is %s: %s', async (_, code, detail, sent) => {
      expect(problemIn(await post(sent), code)).toMatchObject({ detail, instance: '/lessons' });
    });

    test('that is missing is required', async () => {
      const problem = problemIn(await post({}), 'validation_error');
      expect(problem['details']).toEqual([{ field: 'body', error: 'Required', code: 'required' }]);
    });

    test('with faults has all of them told, each by its path', async () => {
      const body = JSON.stringify({
        title: 'At',
        phrases: [
          { text: 'Good morning', order: 1 },
          { text: 'Hi', order: 0, by: 'A' },
        ],
      });
      const problem = problemIn(await post({ headers: json, body }), 'validation_error');
      expect(problem).toMatchObject({ detail: 'Invalid request payload' });
      expect(problem['details']).toEqual([
        { field: 'title', error: 'String too short (minimum 5 characters)', code: 'too_short' },
        { field: 'level', error: 'Required (allowed: beginner, advanced)', code: 'required' },
        { field: 'phrases[1].text', error: 'String too short (minimum 5 characters)', code: 'too_short' },
        { field: 'phrases[1].order', error: 'Number too small (minimum 1)', code: 'too_small' },
        { field: 'phrases[1].by', error: 'Unknown member', code: 'unknown_member' },
      ]);
    });
  });

  test('a query and a path have their faults told by name', async () => {
    const query = problemIn(await send(app.url, '/lessons?limit=many&colour=red'), 'validation_error');
    expect(query['details']).toEqual([
      { field: 'limit', error: 'Expected a number, got something else', code: 'invalid_type' },
      { field: 'colour', error: 'Unknown member', code: 'unknown_member' },
    ]);
    const path = problemIn(await send(app.url, '/lessons/7'), 'validation_error');
    expect(path['details']).toEqual([
      { field: 'id', error: 'Invalid UUID (got "7")', code: 'invalid_format' },
    ]);
  });

  test('an unknown path is not found, and the query is not repeated', async () => {
    const problem = problemIn(await send(app.url, `/nowhere?token=${SECRET}`), 'not_found');
    expect(problem).toMatchObject({ instance: '/nowhere', detail: 'Cannot GET /nowhere' });
    expect(JSON.stringify(problem)).not.toContain(SECRET);
  });

  test.each(['PUT', 'PROPFIND', 'TRACE'])('a method that nobody serves (%s) is not found', async (method) => {
    problemIn(await send(app.url, '/lessons', { method }), 'not_found');
  });

  test('a path that cannot be decoded is no path', async () => {
    expect(problemIn(await send(app.url, '/lessons/%zz?x=1'), 'validation_error')).toMatchObject({
      detail: 'The path is not a valid URL path',
      instance: '/lessons/%zz',
    });
  });

  test('a path longer than any id is not found', async () => {
    problemIn(await send(app.url, `/lessons/${'x'.repeat(2_000)}`), 'not_found');
  });

  test('an error that the caller is meant to see has its members and headers', async () => {
    const answer = await send(app.url, '/lessons/7', { method: 'DELETE' });
    expect(problemIn(answer, 'conflict')).toMatchObject({
      detail: 'The lesson is in use',
      used_by: ['book 7'],
    });
    expect(answer.headers['retry-after']).toBe('7');
  });

  test.each(['bug', 'text', 'bare', 'statement'])(
    'an unforeseen error (%s) shows nothing of the inside, and is logged with the id that the caller was told',
    async (kind) => {
      const answer = await send(app.url, `/trouble/${kind}`, {
        headers: { 'x-request-id': `trouble-${kind}` },
      });
      const problem = problemIn(answer, 'internal_error');
      expect(problem).toEqual({
        type: 'urn:hornbook:problem:internal_error',
        title: 'Internal server error',
        status: 500,
        detail: 'An unexpected error occurred',
        instance: `/trouble/${kind}`,
        code: 'internal_error',
        request_id: `trouble-${kind}`,
      });
      const lines = app.log.filter(
        (line) => line['request_id'] === `trouble-${kind}` && line['level'] === 'error',
      );
      expect(lines.map(({ msg }) => msg)).toContain('request failed');
    },
  );

  test('an error in the middle of an answer cuts it off, so that nobody takes it for whole', async () => {
    await expect(send(app.url, '/trouble/stream')).rejects.toThrow(/aborted|hang up/);
  });

  test('a database that is gone is 503 with the time to come back, and everything is well once it is there again', async () => {
    proxy.mode = 'refuse';
    const answer = await send(app.url, '/trouble/database');
    expect(problemIn(answer, 'service_unavailable')).toMatchObject({
      detail: 'The database cannot be reached just now; send the request again',
    });
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/i);
    proxy.mode = 'pass';
    expect(await send(app.url, '/trouble/database')).toMatchObject({ status: 200 });
  });

  describe('what is not even HTTP', () => {
    test.each<[string, ErrorCode, string]>([
      ['garbage', 'validation_error', 'hello\r\n\r\n'],
      ['a method of no standard', 'validation_error', 'GIMME / HTTP/1.1\r\nhost: x\r\n\r\n'],
      [
        'headers without end',
        'headers_too_large',
        `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`,
      ],
      [
        'two lengths',
        'validation_error',
        'POST /lessons HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      ],
      [
        'a length and chunks',
        'validation_error',
        'POST /lessons HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
    ])('(%s) is answered and hung up on', async (_, code, bytes) => {
      problemIn(await sendBytes(app.url, bytes), code);
    });
  });
});
