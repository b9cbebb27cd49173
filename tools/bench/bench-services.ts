import { join } from 'node:path';
import { provision, serviceDatabaseUrl } from '@hornbook/database';
import { freePort, runProcess, type RunningProcess } from '@hornbook/testing';
import type { Rig } from '../chaos/rig.ts';
import { root } from '../start/paths.ts';
import type { Secrets } from '../start/secrets.ts';

/** A running copy of the bench's own service. */
export interface BenchService {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts the bench's service under `name`, with a schema of that name. */
export async function startBenchService(
  rig: Rig,
  secrets: Secrets,
  name: string,
  consumes: boolean,
): Promise<BenchService> {
  const port = await freePort();
  const schema = { name: name.replaceAll('-', '_'), password: 'bench' };
  await provision(rig.postgres.adminUrl, [schema]);
  const url = `http://127.0.0.1:${String(port)}`;
  const process_ = await runProcess({
    args: ['--max-semi-space-size=4', join(root, 'tools', 'bench', 'service.ts')],
    env: {
      BENCH_NAME: name,
      BENCH_CONSUMES: String(consumes),
      PORT: String(port),
      LOG_LEVEL: 'warn',
      DATABASE_URL: serviceDatabaseUrl(rig.postgres.adminUrl, schema),
      RABBITMQ_URL: rig.broker.url,
      IDENTITY_PUBLIC_KEYS: JSON.stringify(secrets.identityPublicKeys),
      DATABASE_POOL_SIZE: '20',
    },
    ready: { url: `${url}/health/ready` },
    timeoutMs: 60_000,
  });
  return { url, process: process_ };
}
