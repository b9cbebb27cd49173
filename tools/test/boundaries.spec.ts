import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const run = promisify(execFile);
const rule = '@nx/enforce-module-boundaries';

/** Imports that the architecture forbids, by the file they would stand in; the last one is allowed. */
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

const env = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NODE_OPTIONS: '' };

/** The rule knows the projects from nx's graph, which this makes. */
async function makeProjectGraph(): Promise<void> {
  await run(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], { cwd: root, env });
}

async function lint(): Promise<LintedFile[]> {
  const linting = run(process.execPath, ['tools/test/support/lint-texts.mjs'], { cwd: root, env });
  const texts = Object.values(planted).map(
    ([file, target]) => [file, `export * from '${target}';\n`] as const,
  );
  linting.child.stdin?.end(JSON.stringify(Object.fromEntries(texts)));
  const { stdout } = await linting;
  return JSON.parse(stdout) as LintedFile[];
}

describe('module boundaries', () => {
  let report: LintedFile[];

  beforeAll(async () => {
    await makeProjectGraph();
    report = await lint();
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
