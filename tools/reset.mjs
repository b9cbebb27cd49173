// Removes .hornbook: the local database, keys and logs. Refuses while a platform runs on it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.hornbook');

function runningPid() {
  try {
    const { pids } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
    process.kill(pids.start, 0);
    return pids.start;
  } catch {
    return undefined;
  }
}

const pid = runningPid();
if (pid !== undefined) {
  process.stderr.write(
    `A platform is running here (process ${pid}); stop it first (Ctrl-C in its terminal).\n`,
  );
  process.exit(1);
}
const existed = existsSync(folder);
rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
process.stdout.write(existed ? 'Removed .hornbook (database, keys, logs).\n' : 'Nothing to remove.\n');
