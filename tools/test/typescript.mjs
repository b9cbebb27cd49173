// Lets Node run the workspace's TypeScript straight from source: node --import <this file>
import { transformSync } from '@swc/core';
import { registerHooks } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import options from './swc-options.mjs';

/** A test file is imported with a number behind its path. */
const isTypeScript = (url) => /\.ts(\?\d+)?$/.test(url ?? '');

registerHooks({
  resolve(specifier, context, next) {
    // Imports carry `.js`; before compiling there is only the `.ts`.
    if (/^\.{1,2}\/.*\.js$/.test(specifier) && isTypeScript(context.parentURL)) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
    }
    return next(specifier, { ...context, conditions: ['@hornbook/source', ...context.conditions] });
  },
  load(url, context, next) {
    if (!isTypeScript(url)) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { ...options, filename });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
