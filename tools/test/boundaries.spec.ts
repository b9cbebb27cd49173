import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const run = promisify(execFile);
const rule = '@nx/enforce-module-boundaries';

/** Imports that the architecture forbids, by the file they are planted in; the last one is allowed. */
const planted = {
  'an app imports another app': ['apps/content-import/src/planted.ts', '@hornbook/exporter'],
  'the contracts import the database': ['libs/contracts/src/planted.ts', '@hornbook/database'],
  'a lower layer imports a higher one': ['libs/database/src/planted.ts', '@hornbook/messaging'],
  'a library imports an app': ['libs/service-kit/src/planted.ts', '@hornbook/gateway'],
  'code imports the test library': ['apps/exporter/src/planted.ts', '@hornbook/testing'],
  'a test imports the test library': ['apps/exporter/test/planted.ts', '@hornbook/testing'],
} as const;

interface LintedFile {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
}

const files = Object.values(planted).map(([file]) => file);

const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NODE_OPTIONS: '' };

/** The rule knows the projects from nx's graph, which this makes: before planting, as nx keeps it for later runs. */
async function makeProjectGraph(): Promise<void> {
  await run(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], { cwd: root, env });
}

async function lint(): Promise<LintedFile[]> {
  const eslint = ['node_modules/eslint/bin/eslint.js', '--format', 'json', ...files];
  // It fails, as it must; the report is on standard output all the same.
  const { stdout } = await run(process.execPath, eslint, { cwd: root, env }).catch(
    (error: unknown) => error as { stdout: string },
  );
  return JSON.parse(stdout) as LintedFile[];
}

describe('module boundaries', () => {
  let report: LintedFile[];

  beforeAll(async () => {
    await makeProjectGraph();
    try {
      for (const [file, target] of Object.values(planted)) {
        await mkdir(join(root, dirname(file)), { recursive: true });
        await writeFile(join(root, file), `export * from '${target}';\n`);
      }
      report = await lint();
    } finally {
      for (const file of files) await rm(join(root, file), { force: true });
    }
  }, 120_000);

  /** The broken rules of a file with what each says. */
  const faultsIn = (file: string): string[] => {
    const linted = report.find(({ filePath }) => filePath === join(root, file));
    return (
      linted?.messages.map(({ ruleId, message }) => `${String(ruleId)}: ${message}`) ?? ['was not linted']
    );
  };

  const entries = Object.entries(planted);
  test.each(entries.slice(0, -1))('%s: refused', (_, [file]) => {
    // Where the forbidden way closes a circle, the rule says that instead of naming the tags.
    expect(faultsIn(file)).toEqual([
      expect.stringMatching(`^${rule}: (A project tagged with|Circular dependency between)`),
    ]);
  });

  test.each(entries.slice(-1))('%s: allowed', (_, [file]) => {
    expect(faultsIn(file)).toEqual([]);
  });
});
