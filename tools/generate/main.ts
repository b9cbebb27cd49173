import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configurationPage } from './configuration.ts';
import { eventsPage } from './events.ts';
import { openApiDocument } from './openapi.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const check = process.argv.includes('--check');

/** What is made from the code and committed, so that a change of it shows in review. */
const artefacts = {
  'openapi/openapi.json': await openApiDocument(),
  'docs/configuration.md': configurationPage(),
  'docs/events.md': eventsPage(),
};

const stale: string[] = [];
for (const [name, content] of Object.entries(artefacts)) {
  const file = join(root, name);
  const current = await readFile(file, 'utf8').catch(() => '');
  if (current === content) continue;
  if (check) stale.push(name);
  else {
    await writeFile(file, content);
    process.stdout.write(`written ${name}\n`);
  }
}
if (stale.length > 0) {
  process.stderr.write(`Out of date: ${stale.join(', ')}. Run: npm run generate\n`);
  process.exit(1);
}
process.stdout.write(check ? 'Generated files are up to date.\n' : 'Done.\n');
process.exit(0);
