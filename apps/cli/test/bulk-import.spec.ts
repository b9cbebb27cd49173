import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { hornbook, type Ran } from './support/command-line.js';
import { problem, startScriptedGateway, type ScriptedGateway } from './support/scripted-gateway.js';
import { accepted, halfway, statusAnswer } from './support/tasks.js';

describe('hornbook bulk import', () => {
  let folder: TemporaryFolder;
  let gateway: ScriptedGateway;
  beforeAll(async () => {
    folder = await temporaryFolder('cli-import');
  });
  beforeEach(async () => {
    gateway = await startScriptedGateway();
    gateway.on('POST /bulk/import/stream', accepted);
    gateway.on('POST /bulk/import', accepted);
  });
  afterEach(() => gateway.close());
  afterAll(() => folder.remove());

  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder.path, name);
    await writeFile(path, content);
    return path;
  };
  const run = (...args: string[]): Promise<Ran> =>
    hornbook(['bulk', 'import', ...args], { gateway: gateway.url });
  const line = '{"title":"a","body":"b"}\n';

  it.each([
    ['cards.ndjson', 'application/x-ndjson', undefined, { format: 'ndjson' }],
    ['cards.jsonl', 'application/x-ndjson', undefined, { format: 'ndjson' }],
    ['cards.csv', 'text/csv', undefined, { format: 'csv' }],
    ['cards.tsv', 'text/csv', undefined, { format: 'csv', delimiter: '\t' }],
    ['cards.csv.gz', 'text/csv', 'gzip', { format: 'csv' }],
    ['Cards.NDJSON.zst', 'application/x-ndjson', 'zstd', { format: 'ndjson' }],
  ])('sends %s as it is, as what its name says', async (name, type, encoding, query) => {
    const bytes = encoding === 'gzip' ? gzipSync(line) : Buffer.from(line);

    const { code, out } = await run(await file(name, bytes));

    expect(code).toBe(0);
    expect(out).toBe('Bulk import initiated\ntask-1\n');
    expect(gateway.heard).toHaveLength(1);
    const [heard] = gateway.heard;
    expect(heard).toMatchObject({ path: '/bulk/import/stream', query, body: bytes });
    expect(heard?.headers).toMatchObject({ authorization: 'Bearer key-1', 'content-type': type });
    expect(heard?.headers['content-encoding']).toBe(encoding);
  });

  it('hands its options on in the words of the API, and those only that were given', async () => {
    const path = await file('options.ndjson', line);

    await run(
      path,
      ...['--on-error', 'atomic', '--on-duplicate', 'skip', '--match-on', 'content', '--max-errors', '7'],
      ...['--dry-run', '--no-publish', '--idempotency-key', 'monday'],
    );

    expect(gateway.heard[0]?.query).toEqual({
      format: 'ndjson',
      on_error: 'atomic',
      on_duplicate: 'skip',
      match_on: 'content',
      max_errors: '7',
      dry_run: 'true',
      publish_business: 'false',
      publish_ideas: 'false',
    });
    expect(gateway.heard[0]?.headers['idempotency-key']).toBe('monday');
  });

  it.each([
    ['an array', '[{"title":"a"}]'],
    ['an object with cards', '{"cards":[{"title":"a"}]}'],
  ])('sends a JSON file with %s as one request', async (_, content) => {
    const { code } = await run(await file('cards.json', content), '--max-errors', '3');

    expect(code).toBe(0);
    const [heard] = gateway.heard;
    expect(heard?.path).toBe('/bulk/import');
    expect(JSON.parse(String(heard?.body))).toEqual({ cards: [{ title: 'a' }], max_errors: 3 });
  });

  it.each([
    [['cards.xlsx'], 2, 'add --format'],
    [['cards.json.gz'], 2, 'unpacked'],
    [[], 2, "missing required argument 'file'"],
    [['cards.ndjson', '--max-errors', 'few'], 2, 'A whole number is needed'],
    [['cards.ndjson', '--on-error', 'panic'], 2, 'Allowed choices are continue, abort, atomic'],
    [['/nowhere/cards.ndjson'], 1, 'cannot be read'],
  ])('refuses %j with %i before anything is sent', async (args, code, message) => {
    const ran = await run(...args);

    expect(ran).toMatchObject({ code, out: '', err: expect.stringContaining(message) });
    expect(gateway.heard).toEqual([]);
  });

  it('says what the platform refuses, and by which request', async () => {
    gateway.on('POST /bulk/import/stream', problem(401, 'unauthenticated', 'Invalid or missing API key'));

    const { code, err } = await run(await file('refused.ndjson', line));

    expect(code).toBe(1);
    expect(err).toBe('401 unauthenticated: Invalid or missing API key (request request-1)\n');
  });

  it('says when there is no platform', async () => {
    await gateway.close();

    const { code, err } = await run(await file('nobody.ndjson', line));

    expect(code).toBe(1);
    expect(err).toContain('does not answer: connect ECONNREFUSED');
  });

  it.each([
    ['SUCCESS', {}, 0, ''],
    [
      'SUCCESS',
      { result: { cards_imported: 9, cards_failed: 1 } },
      3,
      '1 failed. To see why: hornbook bulk errors task-1',
    ],
    [
      'FAILURE',
      { error: 'Row 3 is bad' },
      4,
      'Row 3 is bad\nTo go on where it stands: hornbook bulk resume task-1',
    ],
    ['REVOKED', {}, 5, 'Cancelled. To go on where it stands: hornbook bulk resume task-1'],
  ] as const)('--watch ends with the outcome: %s %j is %i', async (status, more, code, message) => {
    gateway.on('GET /bulk/status/task-1', statusAnswer(halfway), statusAnswer({ status, ...more }));

    const ran = await run(await file('watched.ndjson', line), '--watch');

    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    expect(ran.out).toContain(`${status}  task task-1\n`);
  });

  it('prints JSON for programs, and nothing else on standard output', async () => {
    gateway.on('GET /bulk/status/task-1', statusAnswer());
    const path = await file('json.ndjson', line);

    expect(JSON.parse((await run(path, '--json')).out)).toEqual(accepted.body);
    expect(JSON.parse((await run(path, '--watch', '--json')).out)).toMatchObject({ status: 'SUCCESS' });
  });
});
