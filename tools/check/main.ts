import { buildStep, checkSteps } from './steps.ts';
import { endCommands } from './command.ts';
import { say, Tally } from './tally.ts';

/** `npm run check`: everything that needs no test, on a Postgres of its own. */
async function main(): Promise<void> {
  const tally = new Tally();
  await tally.require(buildStep);
  // Only now: it is compiled by the build.
  const { TestServers } = await import('../test/servers.ts');
  const servers = new TestServers(say);
  const end = (): void => {
    endCommands();
    void servers.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    for (const step of checkSteps(() => servers.postgres())) await tally.run(step);
  } finally {
    await servers.stop();
  }
  say(tally.toString());
  process.exitCode = tally.isGood ? 0 : 1;
}

await main();
