// Lints texts as if they stood in files, without writing any: others build and run from the same folders meanwhile.
// In: JSON, a text by each path. Out: ESLint's report as JSON.
import { ESLint } from 'eslint';
import { text } from 'node:stream/consumers';
import tseslint from 'typescript-eslint';

// Rules that ask for types need the file in a program.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });
const texts = JSON.parse(await text(process.stdin));
const report = [];
for (const [filePath, code] of Object.entries(texts))
  report.push(...(await eslint.lintText(code, { filePath })));
process.stdout.write(JSON.stringify(report));
