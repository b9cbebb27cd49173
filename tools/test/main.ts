import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endCommands, root } from '../check/command.ts';
import { buildStep, checkSteps } from '../check/steps.ts';
import { say, Tally } from '../check/tally.ts';
import { runJest } from './jest.ts';

// With arguments (a path, or any of Jest's options) only those tests run, without the checks.
const jestArgs = process.argv.slice(2);

/** `npm test`: the checks, then every test on a private Postgres, RabbitMQ and Redis. */
async function main(): Promise<Tally> {
  const tally = new Tally();
  const isBuilt = await tally.require(buildStep);
  // Someone's half-written file elsewhere need not stop the tests; without these servers' code there are none.
  if (!isBuilt && !existsSync(join(root, 'libs', 'testing', 'dist', 'index.js'))) return tally;
  // Only now: it imports what the build made.
  const { TestServers } = await import('./servers.ts');
  const servers = new TestServers(say);
  stopOnSignal(() => servers.stop());
  // They start while the first checks run. Its failure is told below, where it is waited for.
  const environment = servers.all();
  environment.catch(() => undefined);
  try {
    if (jestArgs.length === 0) {
      for (const step of checkSteps(() => servers.postgres())) await tally.run(step);
    }
    let env: NodeJS.ProcessEnv = {};
    const areUp = await tally.require({
      name: 'servers',
      async run() {
        env = await environment;
      },
    });
    if (!areUp) return tally;
    // What the developer's shell sets for a started platform must not reach the tests.
    const { passed, failed } = await runJest(
      jestArgs,
      { ...env, DATABASE_URL: undefined, RABBITMQ_URL: undefined },
      servers.folder,
    );
    tally.add(passed, failed);
    return tally;
  } finally {
    await servers.stop();
  }
}

let isStopping = false;

function stopOnSignal(stop: () => Promise<void>): void {
  const end = (): void => {
    if (isStopping) return;
    isStopping = true;
    say('Stopping …');
    endCommands();
    void stop().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
}

const tally = await main();
// A run that was stopped has no result; it ends with the signal's code.
if (!isStopping) {
  say(tally.toString());
  process.exitCode = tally.isGood ? 0 : 1;
}
