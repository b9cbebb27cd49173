import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the workspace. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/**
 * Everything that running leaves behind; ignored by git, removed by `npm run reset`. `HORNBOOK_STATE` puts it elsewhere,
 * for a second platform beside the first.
 */
export const stateFolder = process.env['HORNBOOK_STATE'] ?? join(root, '.hornbook');
/** What scripts read to find a running platform. */
export const runFile = join(stateFolder, 'run.json');
