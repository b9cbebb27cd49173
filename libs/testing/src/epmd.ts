import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { eventually } from './eventually.js';
import { lookUpProgram } from './find-program.js';
import { startOwnedProcess, type OwnedProcess } from './owned-process.js';
import { isPortFree } from './ports.js';

/**
 * Starts Erlang's name server as a child of ours: an Erlang VM that finds none starts a daemon, which would outlive
 * every test. Undefined where the program is not found; then that happens.
 */
export async function startEpmd(port: number, env: NodeJS.ProcessEnv): Promise<OwnedProcess | undefined> {
  const erl = lookUpProgram('erl');
  const command = lookUpProgram('epmd', erl ? [dirname(realpathSync(erl))] : []);
  if (!command) return undefined;
  const epmd = await startOwnedProcess({
    command,
    args: ['-port', String(port), '-address', '127.0.0.1'],
    cwd: '/',
    env,
  });
  await eventually(async () => !(await isPortFree(port)), { description: "Erlang's name server" });
  return epmd;
}
