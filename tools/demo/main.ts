import { readFile, rm, rmdir } from 'node:fs/promises';
import { freePort } from '@hornbook/testing';
import { stateFolder } from '../start/paths.ts';
import { startPlatform, type RunInfo } from '../start/platform.ts';
import { badInput } from './bad-input.ts';
import { reviewBeforeExport } from './review-before-export.ts';
import { Story } from './story.ts';

// npm run demo [-- .hornbook/run.json]: what the platform says to bad input, and how a dialogue is reviewed before it
// is exported; on the platform that the run file names, else on one of its own that is gone afterwards. May be run any
// number of times on either. Ends with 0 when everything was as promised, else with 1.

/** Tells the whole story. @returns exit code */
async function tell(info: RunInfo): Promise<number> {
  const story = new Story(info);
  await badInput(story);
  await reviewBeforeExport(story);
  return story.end();
}

async function tellOnRunning(runFile: string): Promise<number> {
  try {
    return await tell(JSON.parse(await readFile(runFile, 'utf8')) as RunInfo);
  } finally {
    // Made for a platform of our own; never more than the empty folder is taken away.
    await rmdir(stateFolder).catch(() => undefined);
  }
}

async function tellOnOwn(): Promise<number> {
  const platform = await startPlatform({
    port: await freePort(),
    databaseUrl: process.env['DATABASE_URL'],
    rabbitmqUrl: process.env['RABBITMQ_URL'],
  });
  try {
    return await tell(platform.info);
  } finally {
    await platform.stop();
    await rm(stateFolder, { recursive: true, force: true });
  }
}

const [runFile] = process.argv.slice(2);
let code = 1;
try {
  code = await (runFile === undefined ? tellOnOwn() : tellOnRunning(runFile));
} catch (error) {
  process.stderr.write(`\nThe story broke off: ${error instanceof Error ? error.message : String(error)}\n`);
}
process.exit(code);
