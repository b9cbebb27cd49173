import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateFolder } from '../start/paths.ts';
import { secondsSince } from '../start/printing.ts';
import { api } from '../start/main-job.ts';
import { killDuringImports } from './card-bulk.ts';
import { internalErrors, startReplicas } from './replicas.ts';
import {
  account,
  startRig,
  submit,
  until,
  victims,
  workload,
  type Account,
  type Rig,
  type Victim,
} from './rig.ts';

// kill -9 of each part of a running platform in the middle of an export, and an account of every dialogue after it:
// and the same account with two processes of every service at work on one load.
//   npm run chaos [-- exporter broker replicas …] [--dialogues 2000]
// With `cards`, imports of cards instead, each with one part killed at a random moment that its seed decides:
//   npm run chaos -- cards [--runs 50] [--seed 1]

const PHRASES = 8;
/** Time a killed part stays away. */
const DOWN_MS = 1_000;
/** Longest time until the last confirmation after the kill. */
const SETTLE_MS = 180_000;

/** The whole number behind an option, or `otherwise`. */
function option(name: string, otherwise: number): number {
  const place = process.argv.indexOf(name);
  if (place < 0) return otherwise;
  const given = process.argv[place + 1] ?? '';
  if (/^\d{1,9}$/.test(given)) return Number(given);
  process.stderr.write(`${name} was given "${given}"; allowed: a whole number\n`);
  process.exit(2);
}

const count = option('--dialogues', 2_000);
const runs = option('--runs', 50);
const seed = option('--seed', 1);
const chosen = victims.filter((victim) => process.argv.includes(victim));
const withReplicas = process.argv.includes('replicas');
const withCards = process.argv.includes('cards');
const all = chosen.length === 0 && !withReplicas && !withCards;

function faultsOf(state: Account): string[] {
  const faults: string[] = [];
  const expect = (name: keyof Account, wanted: number): void => {
    if (state[name] !== wanted) faults.push(`${name} is ${String(state[name])} instead of ${String(wanted)}`);
  };
  expect('submitted', count);
  expect('confirmed', count);
  expect('backfilled', count);
  expect('imported', count);
  expect('distinctTitles', count);
  expect('phrases', count * PHRASES);
  expect('mismatched', 0);
  expect('openFailures', 0);
  expect('unsentEvents', 0);
  return faults;
}

async function killInTheMiddle(rig: Rig, victim: Victim): Promise<string[]> {
  const run = `${victim}-${String(Date.now())}`;
  await submit(rig, workload(run, count));
  await api(rig.platform.info, 'POST', '/api/v1/exports');
  const before = await until(rig, run, ({ confirmed }) => confirmed >= count * 0.2, 60_000);
  const started = performance.now();
  await rig.kill(victim);
  await sleep(DOWN_MS);
  await rig.revive(victim);
  const done = ({ confirmed, openFailures, unsentEvents }: Account): boolean =>
    confirmed + openFailures >= count && unsentEvents === 0;
  const state = await until(rig, run, done, SETTLE_MS).catch(() => account(rig, run));
  const faults = state ? faultsOf(state) : ['the database does not answer'];
  process.stdout.write(
    `kill -9 ${victim.padEnd(15)} at ${String(before.confirmed).padStart(5)} confirmed; ${faults.length === 0 ? `0 lost, 0 doubled of ${String(count)}` : faults.join('; ')}; settled ${secondsSince(started)} after the kill\n`,
  );
  return faults;
}

/** Two of everything, each half of the load through its own gateway. */
async function twoOfEverything(rig: Rig): Promise<string[]> {
  const run = `replicas-${String(Date.now())}`;
  const second = await startReplicas(rig);
  const started = performance.now();
  const dialogues = workload(run, count);
  const doors = [rig.platform.info, { ...rig.platform.info, gateway: second.gateway }];
  try {
    await Promise.all(
      doors.map(async (info, half) => {
        // Both are given all of it, so that each dialogue is submitted twice at about the same time.
        await submit(
          { ...rig, platform: { ...rig.platform, info } },
          half === 0 ? dialogues : [...dialogues].reverse(),
        );
        await api(info, 'POST', '/api/v1/exports');
      }),
    );
    const done = ({ confirmed, openFailures, unsentEvents }: Account): boolean =>
      confirmed + openFailures >= count && unsentEvents === 0;
    const state = await until(rig, run, done, SETTLE_MS).catch(() => account(rig, run));
    const faults = state ? faultsOf(state) : ['the database does not answer'];
    const errors = await internalErrors([...rig.platform.services, ...second.services]);
    if (errors > 0) faults.push(`${String(errors)} answers of 500`);
    process.stdout.write(
      `two of everything, every dialogue submitted twice: ${faults.length === 0 ? `0 lost, 0 doubled of ${String(count)}, no 500` : faults.join('; ')}; ${secondsSince(started)}\n`,
    );
    return faults;
  } finally {
    await second.stop();
  }
}

let failed = 0;
const rig = await startRig();
try {
  // First, as a killed part leaves 500s and 503s in the logs.
  if (all || withReplicas) failed += (await twoOfEverything(rig)).length > 0 ? 1 : 0;
  for (const victim of all ? victims : chosen)
    failed += (await killInTheMiddle(rig, victim)).length > 0 ? 1 : 0;
  if (withCards) failed += await killDuringImports(rig, seed, runs);
} finally {
  await rig.stop();
}
if (failed === 0) await rm(stateFolder, { recursive: true, force: true });
else process.stdout.write(`Kept for a look: ${stateFolder}\n`);
process.exit(failed === 0 ? 0 : 1);
