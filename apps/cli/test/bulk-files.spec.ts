import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { hornbook, type Ran } from './support/command-line.js';
import {
  problem,
  startScriptedGateway,
  type Said,
  type ScriptedGateway,
} from './support/scripted-gateway.js';
import { accepted, statusAnswer } from './support/tasks.js';

const FILE = 'GET /bulk/tasks/task-1/file';
const ERRORS = 'GET /bulk/tasks/task-1/errors';
const content = Buffer.from(Array.from({ length: 2_000 }, (_, index) => `{"card":${index}}\n`).join(''));
const digest = `sha-256=:${createHash('sha256').update(content).digest('base64')}:`;
const headers = { etag: '"v1"', 'repr-digest': digest };

/** The rest of the file as it is asked for. */
const rest = ({ headers: { range } }: { headers: { range?: string | undefined } }): Said => {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
  return { status: 206, headers, body: content.subarray(from) };
};

describe('hornbook bulk export', () => {
  let folder: TemporaryFolder;
  let gateway: ScriptedGateway;
  beforeEach(async () => {
    folder = await temporaryFolder('cli-export');
    gateway = await startScriptedGateway();
    gateway.on('POST /bulk/export', accepted);
    gateway.on('GET /bulk/status/task-1', statusAnswer({ kind: 'export', result: { cards_exported: 2000 } }));
  });
  afterEach(async () => {
    await gateway.close();
    await folder.remove();
  });

  const target = (): string => join(folder.path, 'cards.ndjson');
  const run = (...args: string[]): Promise<Ran> =>
    hornbook(['bulk', 'export', ...args], { gateway: gateway.url });
  const toFile = (): Promise<Ran> => run('-o', target());

  it('asks for what its options say, waits and fetches the file', async () => {
    gateway.on(FILE, { headers, body: content });

    const { code, err } = await run(
      ...[
        '-o',
        target(),
        '-f',
        'csv',
        '--privacy',
        'IDEAS',
        'BUSINESS',
        '--published-only',
        '--no-metadata',
        '-z',
      ],
    );

    expect(code).toBe(0);
    expect(JSON.parse(String(gateway.heard[0]?.body))).toEqual({
      format: 'csv',
      privacy_levels: ['IDEAS', 'BUSINESS'],
      published_only: true,
      include_metadata: false,
      gzip: true,
    });
    expect(err).toContain(`${target()}: ${content.length.toLocaleString('en-US')} bytes\n`);
    expect(await readFile(target())).toEqual(content);
  });

  it('writes the file alone to standard output when that is asked for', async () => {
    gateway.on(FILE, { headers, body: content });

    expect((await run('-o', '-')).out).toBe(content.toString());
  });

  it('takes a download that was cut up where it stands, as often as it comes further', async () => {
    gateway.on(
      FILE,
      { headers, body: content, cutAfter: 9_000 },
      (heard) => ({ ...rest(heard), cutAfter: 5_000 }),
      rest,
    );

    const { code } = await toFile();

    expect(code).toBe(0);
    expect(await readFile(target())).toEqual(content);
    const asked = gateway.heard.filter(({ path }) => path.endsWith('/file'));
    expect(asked).toHaveLength(3);
    for (const { headers: sent } of asked.slice(1))
      expect(sent).toMatchObject({ range: expect.stringMatching(/^bytes=\d+-$/), 'if-range': '"v1"' });
  });

  it('takes it up again after the platform was away in between', async () => {
    gateway.on(
      FILE,
      { headers, body: content, cutAfter: 9_000 },
      { hangUp: true },
      problem(503, 'service_unavailable', 'Not now'),
      rest,
    );

    expect((await toFile()).code).toBe(0);
    expect(await readFile(target())).toEqual(content);
  });

  it.each<[string, Said[], string]>([
    [
      'is another one after the cut',
      [
        { headers, body: content, cutAfter: 9_000 },
        { headers, body: content },
      ],
      'cannot be taken up',
    ],
    [
      'does not have the checksum that was said',
      [{ headers: { ...headers, 'repr-digest': `sha-256=:${'A'.repeat(43)}=:` }, body: content }],
      'The download is damaged',
    ],
    ['is gone', [problem(410, 'gone', 'The file has expired')], 'The file has expired'],
  ])('leaves nothing behind when the file %s', async (_, answers, message) => {
    gateway.on(FILE, ...answers);

    const { code, err } = await toFile();

    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('starts no export whose file could not be written', async () => {
    const { code, err } = await run('-o', join(folder.path, 'nowhere', 'cards.csv'));

    expect(code).toBe(1);
    expect(err).toContain('cannot be written');
    expect(gateway.heard).toEqual([]);
  });

  it('fetches nothing of an export that failed', async () => {
    gateway.on('GET /bulk/status/task-1', statusAnswer({ status: 'FAILURE', error: 'The disk is full' }));

    const { code, err } = await toFile();

    expect(code).toBe(4);
    expect(err).toContain('The disk is full');
    expect(gateway.heard.some(({ path }) => path.endsWith('/file'))).toBe(false);
  });
});

describe('hornbook bulk errors', () => {
  let gateway: ScriptedGateway;
  beforeEach(async () => {
    gateway = await startScriptedGateway();
  });
  afterEach(() => gateway.close());

  const run = (...args: string[]): Promise<Ran> =>
    hornbook(['bulk', 'errors', 'task-1', ...args], { gateway: gateway.url });
  const error = (index: number, overrides: object = {}): object => ({
    index,
    line: index + 1,
    title: `Card ${index}`,
    field: 'body',
    code: 'required',
    error: 'Required',
    ...overrides,
  });
  const page = (items: object[], next_cursor: string | null = null): Said => ({
    body: { items, next_cursor },
  });

  it('lists them line by line, page after page', async () => {
    gateway.on(ERRORS, page([error(4)], 'more'), page([error(9, { line: null, field: null, title: '' })]));

    const { code, out } = await run();

    expect(code).toBe(0);
    expect(out).toBe('line 5 (row 4)  "Card 4"  body: Required  [required]\nrow 9  Required  [required]\n');
    expect(gateway.heard[1]?.query).toMatchObject({ cursor: 'more' });
  });

  it('stops at the limit and says that there are more', async () => {
    gateway.on(ERRORS, page([error(1), error(2)], 'more'));

    const { out, err } = await run('--limit', '2');

    expect(out.split('\n')).toHaveLength(3);
    expect(err).toContain('There are more');
    expect(gateway.heard).toHaveLength(1);
    expect(gateway.heard[0]?.query).toEqual({ limit: '2' });
  });

  it('says so when no row failed', async () => {
    gateway.on(ERRORS, page([]));

    expect(await run()).toEqual({ code: 0, out: '', err: 'No row failed.\n' });
  });

  it.each(['0', '-1', 'all'])('refuses --limit %s', async (limit) => {
    expect((await run(`--limit=${limit}`)).code).toBe(2);
  });

  it('shows nothing of a row by which it could take the terminal over', async () => {
    gateway.on(ERRORS, page([error(1, { title: '\u001b[2Jx\u202e', error: 'bad\r\nline\u009b31m' })]));

    // eslint-disable-next-line no-control-regex
    expect((await run()).out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it.each(['csv', 'ndjson'])('fetches the whole report as %s', async (format) => {
    gateway.on(ERRORS, { body: 'line,error\n5,Required\n' });

    expect(await run('--format', format)).toEqual({ code: 0, out: 'line,error\n5,Required\n', err: '' });
    expect(gateway.heard[0]?.query).toEqual({ format });
  });
});
