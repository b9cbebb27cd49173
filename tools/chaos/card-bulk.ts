import { setTimeout as sleep } from 'node:timers/promises';
import { secondsSince } from '../start/printing.ts';
import { loadSecrets, userToken } from '../start/secrets.ts';
import { restartService, startService, untilReady, type ServiceProcess } from '../start/service-process.ts';
import { freePort } from '@hornbook/testing';
import { cardAccount, cardFaults, cardsNow, unsentEvents } from './card-bulk-account.ts';
import { CarefulClient, type SeenTask } from './card-bulk-client.ts';
import { expectedOf, planOf, type CardRun, type CardVictim } from './card-bulk-plan.ts';
import type { Rig } from './rig.ts';

/** Longest wait for the last event after the last run. */
const EVENTS_MS = 60_000;

/** The rig with a second process of card-bulk, which works on tasks beside the first and is asked nothing. */
interface CardRig {
  readonly rig: Rig;
  readonly second: ServiceProcess;
}

function serviceOf({ rig, second }: CardRig, name: 'card-bulk' | 'card-bulk-2' | 'gateway'): ServiceProcess {
  if (name === 'card-bulk-2') return second;
  const found = rig.platform.services.find((service) => service.name === name);
  if (!found) throw new Error(`no service ${name}`);
  return found;
}

async function kill(cards: CardRig, victim: CardVictim): Promise<void> {
  if (victim === 'postgres') await cards.rig.postgres.kill('SIGKILL');
  else if (victim === 'broker') await cards.rig.broker.kill('SIGKILL');
  else await serviceOf(cards, victim).process.end('SIGKILL');
}

async function revive(cards: CardRig, victim: CardVictim): Promise<void> {
  if (victim === 'postgres') await cards.rig.postgres.restart();
  else if (victim === 'broker') await cards.rig.broker.restart();
  else {
    await restartService(serviceOf(cards, victim));
    await untilReady(serviceOf(cards, victim));
  }
}

/** Options of the import in the words of the API, and how many requests there are at once under how many keys. */
const requestsOf: Record<CardRun['manner'], { options: Record<string, string>; keys: readonly string[] }> = {
  json: { options: {}, keys: ['a'] },
  stream: { options: {}, keys: ['a'] },
  atomic: { options: { on_error: 'atomic' }, keys: ['a'] },
  twice: { options: {}, keys: ['a', 'a'] },
  rivals: { options: { on_duplicate: 'skip', match_on: 'external_id' }, keys: ['a', 'b'] },
};

/** Faults in what the platform said of its tasks: every row of every request is in one of the counts. */
function taskFaults(run: CardRun, seen: readonly SeenTask[]): string[] {
  const { good, bad } = expectedOf(run);
  const sum = (name: string): number =>
    seen.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
  const expect = (what: string, found: number, wanted: number): string[] =>
    found === wanted ? [] : [`${what} is ${String(found)} instead of ${String(wanted)}`];
  return [
    ...seen.flatMap(({ status, error }) =>
      status === 'SUCCESS' ? [] : [`ended as ${status}: ${error ?? ''}`],
    ),
    ...expect('cards_imported', sum('cards_imported'), good),
    ...expect('cards_skipped', sum('cards_skipped'), good * (seen.length - 1)),
    ...expect('cards_failed', sum('cards_failed'), bad * seen.length),
  ];
}

interface Outcome {
  readonly faults: readonly string[];
  readonly resumed: number;
  readonly atKill: number | undefined;
}

async function runOnce(cards: CardRig, run: CardRun, client: CarefulClient, owner: string): Promise<Outcome> {
  const { options, keys } = requestsOf[run.manner];
  const tasks = Promise.all(keys.map((key) => client.submit(run, options, `${owner}-${key}`)));
  // It is looked at below; until then it may fail unheard.
  tasks.catch(() => undefined);
  await sleep(run.killAfterMs);
  const atKill = await cardsNow(cards.rig, owner);
  await kill(cards, run.victim);
  await sleep(run.downMs);
  await revive(cards, run.victim);
  const ids = new Set(await tasks);
  const ends = await Promise.all([...ids].map((id) => client.ended(id)));
  const distinct = new Set(keys).size;
  const faults = [
    ...(ids.size === distinct ? [] : [`${String(ids.size)} tasks instead of ${String(distinct)}`]),
    ...taskFaults(
      run,
      ends.map(({ seen }) => seen),
    ),
    ...cardFaults(await cardAccount(cards.rig, owner), expectedOf(run)),
    ...[...cards.rig.platform.services, cards.second].flatMap(({ name, process }) =>
      process.isRunning() ? [] : [`${name} has ended by itself`],
    ),
  ];
  return { faults, resumed: ends.reduce((sum, { resumed }) => sum + resumed, 0), atKill };
}

/**
 * Seeded runs: an import, a kill -9 of one part at a random moment, and an exact account of cards, rewards, balance and
 * events. The platform stays up from run to run.
 * @returns how many runs had a fault
 */
export async function killDuringImports(rig: Rig, seed: number, runs: number): Promise<number> {
  const first = rig.platform.services.find(({ name }) => name === 'card-bulk');
  if (!first) throw new Error('no service card-bulk');
  const second = await startService({ ...first.plan, port: await freePort(), label: 'card-bulk-2' });
  await untilReady(second);
  const cards = { rig, second };
  const secrets = await loadSecrets([]);
  const started = performance.now();
  let failed = 0;
  try {
    for (let number = 0; number < runs; number++) {
      const run = planOf(seed + number);
      const owner = `chaos-${String(run.seed)}-${String(Date.now())}`;
      const client = new CarefulClient(
        rig.platform.info.gateway,
        await userToken(secrets, owner, ['curator']),
      );
      const begun = performance.now();
      const { faults, resumed, atKill } = await runOnce(cards, run, client, owner).catch(
        (error: unknown): Outcome => ({
          faults: [error instanceof Error ? error.message : String(error)],
          resumed: 0,
          atKill: undefined,
        }),
      );
      if (faults.length > 0) failed++;
      process.stdout.write(
        `seed ${String(run.seed).padStart(4)}  ${run.manner.padEnd(6)} ${String(run.rows)} rows  kill -9 ${run.victim.padEnd(11)} after ${String(run.killAfterMs).padStart(3)} ms, ${String(atKill ?? '?').padStart(4)} cards in  ${faults.length === 0 ? 'cards, ledger and balance exact' : faults.join('; ')}${resumed > 0 ? `, resumed ${String(resumed)}×` : ''}  ${secondsSince(begun)}\n`,
      );
    }
    const unsent = await settledEvents(rig);
    if (unsent > 0) {
      failed++;
      process.stdout.write(`${String(unsent)} events have not left\n`);
    }
  } finally {
    await second.process.end('SIGTERM');
  }
  process.stdout.write(
    `${String(runs)} runs from seed ${String(seed)}: ${failed === 0 ? 'cards, ledger and balance exact in each' : `${String(failed)} with faults`}; ${secondsSince(started)}. Again: npm run chaos -- cards --seed ${String(seed)} --runs ${String(runs)}\n`,
  );
  return failed;
}

/** Waits for the broker's confirmation of every event. @returns how many are still without */
async function settledEvents(rig: Rig): Promise<number> {
  const deadline = Date.now() + EVENTS_MS;
  for (;;) {
    const unsent = await unsentEvents(rig);
    if (unsent === 0 || Date.now() > deadline) return unsent;
    await sleep(250);
  }
}
