import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cardBulk } from '@hornbook/card-bulk';
import {
  createTestDatabase,
  temporaryFolder,
  type TemporaryFolder,
  type TestDatabase,
} from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import type { TestGateway } from '../../apps/gateway/test/support/start-gateway.js';
import { token } from '../../apps/gateway/test/support/tokens.js';
import { openGateway, publicKeys } from './support/gateway.ts';

const root = dirname(dirname(dirname(new URL(import.meta.url).pathname)));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Row {
  readonly title?: string;
  readonly body: string;
  readonly privacy_level: string;
  readonly external_id: string;
}

/** Rows of which every hundredth has no title. */
function rows(count: number, prefix: string): Row[] {
  return Array.from({ length: count }, (_, index) => ({
    ...(index % 100 === 99 ? {} : { title: `Card ${index}, "quoted"` }),
    body: `First line of ${index}\nand =SUM(A1) in the second`,
    privacy_level: index % 2 === 0 ? 'BUSINESS' : 'PRIVATE',
    external_id: `${prefix}-${index}`,
  }));
}

const ndjson = (of: readonly Row[]): string => of.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('hornbook bulk, as a process of its own in front of gateway and card-bulk', () => {
  let folder: TemporaryFolder;
  let database: TestDatabase;
  let service: TestApp<unknown>;
  let gateway: TestGateway;
  beforeAll(async () => {
    folder = await temporaryFolder('bulk-command-line');
    database = await createTestDatabase({ services: ['gateway', 'card-bulk'] });
    service = await startApp(cardBulk, {
      database,
      env: {
        IDENTITY_PUBLIC_KEYS: publicKeys,
        LINK_SECRET: randomBytes(32).toString('hex'),
        FILE_STORE_FOLDER: join(folder.path, 'store'),
      },
    });
    gateway = await openGateway(database, { CARD_BULK_URL: service.url });
  });
  afterAll(async () => {
    await gateway.stop();
    await service.stop();
    await folder.remove();
    await database.drop();
  });

  /** Runs `hornbook bulk …` as somebody. */
  const bulk = async (owner: string, ...args: string[]): Promise<Ran> => {
    const child = spawn(process.execPath, [join(root, 'apps', 'cli', 'dist', 'main.js'), 'bulk', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HORNBOOK_URL: gateway.url,
        HORNBOOK_TOKEN: await token({ sub: owner, roles: ['curator'] }),
      },
    });
    const read = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (read.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (read.err += text));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, ...read };
  };
  const file = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder.path, name);
    await writeFile(path, content);
    return path;
  };

  it('imports a file and tells what became of it, and which rows failed and why', async () => {
    const path = await file('first.ndjson.gz', gzipSync(ndjson(rows(1_000, 'first'))));

    const imported = await bulk('ada', 'import', path, '--watch', '--json');

    expect(imported.code).toBe(3);
    const { task_id: task, result } = JSON.parse(imported.out) as { task_id: string; result: object };
    expect(result).toMatchObject({ cards_imported: 990, cards_failed: 10, cards_published: 500 });
    expect(imported.err).toContain(`hornbook bulk errors ${task}`);
    const errors = await bulk('ada', 'errors', task);
    expect(errors.code).toBe(0);
    expect(errors.out.split('\n')).toHaveLength(11);
    expect(errors.out).toContain('line 100 (row 99)  title: Required  [required]');
  });

  it('gives the failed rows back as a file which, mended, is imported without a fault', async () => {
    const path = await file('broken.csv', 'title,body,external_id\n"A, B",text,m-1\n,"no ""title""",m-2\n');
    const { out } = await bulk('bea', 'import', path);
    const task = out.trim().split('\n').at(-1) ?? '';
    await bulk('bea', 'watch', task);

    const report = join(folder.path, 'report.csv');
    expect((await bulk('bea', 'errors', task, '--format', 'csv', '--output', report)).code).toBe(0);
    const text = await readFile(report, 'utf8');
    expect(text).toContain('"no ""title"""');
    const mended = await file('mended.csv', text.replace(',"no ""title""', 'B,"no ""title""'));

    const again = await bulk('bea', 'import', mended, '--watch');

    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/cards imported +1\n/) });
  });

  it('exports what was imported, and imports the export to the same bytes', async () => {
    const path = await file('twin.json', JSON.stringify(rows(99, 'twin')));
    expect((await bulk('cyd', 'import', path, '-w')).code).toBe(0);
    const first = join(folder.path, 'first-export.ndjson');
    const second = join(folder.path, 'second-export.ndjson');

    expect((await bulk('cyd', 'export', '-o', first)).code).toBe(0);
    expect((await bulk('cyd', 'import', first, '-w', '--on-duplicate', 'skip')).out).toMatch(
      /cards skipped +99\n/,
    );
    expect((await bulk('cyd', 'export', '-o', second)).code).toBe(0);

    expect(await readFile(second)).toEqual(await readFile(first));
    expect((await readFile(first, 'utf8')).trim().split('\n')).toHaveLength(99);
  });

  it('cancels an import and resumes it to its exact end', async () => {
    const path = await file('long.ndjson', ndjson(rows(20_000, 'long')));
    const { out } = await bulk('dot', 'import', path);
    const task = out.trim().split('\n').at(-1) ?? '';

    expect(await bulk('dot', 'cancel', task, '--watch')).toMatchObject({ code: 0 });
    expect(await bulk('dot', 'watch', task)).toMatchObject({ code: 5 });

    const resumed = await bulk('dot', 'resume', task, '--watch', '--json');

    expect(resumed.code).toBe(3);
    expect(JSON.parse(resumed.out)).toMatchObject({ result: { cards_imported: 19_800, cards_failed: 200 } });
  });

  it("says the same of somebody else's task as of one that is not there", async () => {
    const { out } = await bulk('eve', 'import', await file('own.ndjson', ndjson(rows(1, 'own'))));
    const task = out.trim().split('\n').at(-1) ?? '';
    const unknown = '0198c0de-0000-7000-8000-000000000000';

    for (const command of ['status', 'watch', 'cancel', 'resume', 'errors']) {
      const answers = await Promise.all([task, unknown].map((id) => bulk('mallory', command, id)));
      const [foreign, missing] = answers.map(({ code, err }) => ({
        code,
        err: err
          .replaceAll(task, 'ID')
          .replaceAll(unknown, 'ID')
          .replace(/request [^)]*/, ''),
      }));
      expect(foreign).toEqual(missing);
      expect(foreign).toMatchObject({ code: 1, err: expect.stringMatching(/^404 not_found/) });
    }
  });
});
