import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '../start/platform.ts';
import type { Measurement } from './measure.ts';

const IDLE_MS = 10_000;

/** Resident memory of each service after ten idle seconds, before any load. */
export async function measureMemory(platform: Platform): Promise<Measurement[]> {
  await sleep(IDLE_MS);
  return Promise.all(
    platform.services.map(async ({ name, process }) => {
      const status = await readFile(`/proc/${String(process.pid)}/status`, 'utf8');
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      return {
        what: `idle memory of ${name}`,
        values: [(kilobytes * 1024) / 1e6],
        unit: 'MB',
        bound: { atMost: 130 },
      };
    }),
  );
}
