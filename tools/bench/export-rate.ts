import { submit, until, workload, type Rig } from '../chaos/rig.ts';
import { api } from '../start/main-job.ts';
import type { Measurement } from './measure.ts';

const DIALOGUES = 2_000;
const ROUNDS = 3;

/** Dialogues per second from the first submission to the last confirmation, through the gateway into content-import. */
export async function measureExport(rig: Rig): Promise<Measurement[]> {
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const run = `bench-${String(Date.now())}`;
    const dialogues = workload(run, DIALOGUES);
    const started = performance.now();
    await submit(rig, dialogues);
    await api(rig.platform.info, 'POST', '/api/v1/exports');
    await until(rig, run, ({ confirmed }) => confirmed === DIALOGUES, 120_000);
    values.push(DIALOGUES / ((performance.now() - started) / 1000));
  }
  return [
    {
      what: 'exporter, 2,000 dialogues to confirmed',
      values,
      unit: 'dialogues/s',
      bound: { atLeast: 400 },
      note: 'submission included',
    },
  ];
}
