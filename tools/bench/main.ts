import { rm } from 'node:fs/promises';
import { startRig } from '../chaos/rig.ts';
import { stateFolder } from '../start/paths.ts';
import { assignmentParts } from './assignment-parts.ts';
import { cardParts } from './card-parts.ts';
import { measureExport } from './export-rate.ts';
import { measureGateway } from './gateway-cost.ts';
import { measureImport } from './import-rate.ts';
import { makeLogSegments, reuseLogSegments } from './log-segments.ts';
import { holds, machine, report, type Measurement } from './measure.ts';
import { measureMemory } from './memory.ts';
import { measureOutbox } from './outbox.ts';

// npm run bench [-- --json] [memory import outbox gateway export cards card-deletes card-exports card-files
// assignment-scale assignment-import assignment-drain assignment-my assignment-churn]: every bound, measured on this
// machine with the raw limit beside it. Everything (load, services, Postgres with fsync, RabbitMQ) runs on the same
// cores.

const json = process.argv.includes('--json');
const say = (line: string): void => {
  // With --json, standard output is the report alone.
  (json ? process.stderr : process.stdout).write(`${line}\n`);
};

const rig = await startRig();
const parts: Record<string, () => Promise<Measurement[]>> = {
  memory: () => measureMemory(rig.platform),
  import: () => measureImport(rig),
  outbox: () => measureOutbox(rig),
  gateway: () => measureGateway(rig),
  export: () => measureExport(rig),
  ...Object.fromEntries(
    Object.entries({ ...cardParts, ...assignmentParts }).map(([name, measure]) => [name, () => measure(rig)]),
  ),
};
const named = Object.keys(parts).filter((name) => process.argv.includes(name));
const measurements: Measurement[] = [];
try {
  say('Making the log of a server that has run for a while …');
  await makeLogSegments(rig.postgres);
  for (const name of named.length > 0 ? named : Object.keys(parts)) {
    say(`Measuring ${name} …`);
    measurements.push(...((await parts[name]?.()) ?? []));
    await reuseLogSegments(rig.postgres);
  }
} finally {
  await rig.stop();
  await rm(stateFolder, { recursive: true, force: true });
}
const missed = measurements.filter((measurement) => !holds(measurement));
if (json)
  process.stdout.write(
    `${JSON.stringify({ machine: machine(), measurements: measurements.map((measurement) => ({ ...measurement, holds: holds(measurement) })) }, null, 2)}\n`,
  );
else
  say(
    `\n${machine()}\n\n${report(measurements)}\n\n${missed.length === 0 ? 'Every bound holds.' : `${String(missed.length)} bound(s) missed.`}`,
  );
process.exit(missed.length === 0 ? 0 : 1);
