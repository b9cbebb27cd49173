import { runMainJob } from './main-job.ts';
import { startPlatform, type Platform } from './platform.ts';
import { say, StartError } from './printing.ts';

const once = process.argv.includes('--once');

function portFromEnvironment(): number {
  const given = process.env['PORT'] ?? '8080';
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new StartError(`PORT was given "${given}"; allowed: a whole number from 1 to 65535`);
  }
  return port;
}

/** Ends the platform once, however many signals come, and exits with `code`. */
function ending(platform: () => Platform | undefined): (code: number, why?: string) => void {
  let begun = false;
  return (code, why) => {
    if (begun) return;
    begun = true;
    if (why) say(why);
    const done = (failed: number): never => process.exit(failed);
    const running = platform();
    if (!running) done(code);
    else
      running.stop().then(
        () => {
          say('Stopped; nothing is left running.');
          done(code);
        },
        (error: unknown) => {
          process.stderr.write(`Stopping failed: ${String(error)}\n`);
          done(1);
        },
      );
  };
}

let platform: Platform | undefined;
const end = ending(() => platform);
process.once('SIGINT', () => {
  end(0, '\nStopping …');
});
process.once('SIGTERM', () => {
  end(0, 'Stopping …');
});

try {
  platform = await startPlatform({
    port: portFromEnvironment(),
    databaseUrl: process.env['DATABASE_URL'],
    rabbitmqUrl: process.env['RABBITMQ_URL'],
  });
  for (const service of platform.services) {
    void service.process.exited.then(({ code, signal }) => {
      end(
        1,
        `${service.name} ended unexpectedly (${signal ?? `code ${String(code)}`}); its log: ${service.logFile}. Stopping the rest.`,
      );
    });
  }
  const complete = await runMainJob(platform.info);
  if (once) end(complete ? 0 : 1);
  else say('\nServing until Ctrl-C.');
} catch (error) {
  // One line for what the person can mend; the whole story for what only we can.
  process.stderr.write(
    `${error instanceof StartError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  end(1);
}
