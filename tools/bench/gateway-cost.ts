import autocannon from 'autocannon';
import { freePort } from '@hornbook/testing';
import { serviceDatabaseUrl } from '@hornbook/database';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets } from '../start/secrets.ts';
import { startService, untilReady } from '../start/service-process.ts';
import { startBenchService } from './bench-services.ts';
import { identityHeader } from './identity.ts';
import type { Measurement } from './measure.ts';

const SECONDS = 5;
const PAIRS = 5;

interface Load {
  readonly perSecond: number;
  readonly p50: number;
}

/** Latencies of autocannon are whole milliseconds; one connection is timed call by call instead. */
async function oneByOne(url: string, headers: Record<string, string>, calls: number): Promise<number> {
  const { Client } = await import('undici');
  const client = new Client(new URL(url).origin);
  const times: number[] = [];
  for (let call = 0; call < calls; call++) {
    const started = performance.now();
    const { statusCode, body } = await client.request({
      method: 'GET',
      path: new URL(url).pathname,
      headers,
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${url} answered ${String(statusCode)}`);
    times.push(performance.now() - started);
  }
  await client.close();
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? NaN;
}

async function load(url: string, headers: Record<string, string>): Promise<Load> {
  const result = await autocannon({ url, headers, connections: 32, duration: SECONDS });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${String(result.non2xx)} refused, ${String(result.errors)} failed`);
  return { perSecond: result.requests.average, p50: result.latency.p50 };
}

/** The gateway, authenticating an API key, against the service called directly: a GET of 1 KB that costs the service nothing. */
export async function measureGateway(rig: Rig): Promise<Measurement[]> {
  const secrets = await loadSecrets(['gateway']);
  const service = await startBenchService(rig, secrets, 'bench-page', false);
  const port = await freePort();
  // A second gateway on the same schema whose content-import is the bench's page.
  const gateway = await startService({
    name: 'gateway',
    label: 'bench-gateway',
    port,
    env: {
      DATABASE_URL: serviceDatabaseUrl(rig.postgres.adminUrl, {
        name: 'gateway',
        password: secrets.passwords['gateway'] ?? '',
      }),
      AUTH_JWT_SECRET: secrets.jwtSecret,
      IDENTITY_PRIVATE_KEY: JSON.stringify(secrets.identityPrivateKey),
      CONTENT_IMPORT_URL: service.url,
      EXPORTER_URL: service.url,
      RATE_LIMIT_PER_CALLER: '100000000',
      RATE_LIMIT_PER_ADDRESS: '100000000',
    },
  });
  await untilReady(gateway);
  const direct = { url: `${service.url}/bench/page`, headers: await identityHeader(secrets) };
  const door = {
    url: `${gateway.url}/api/v1/dialogs/page`,
    headers: { authorization: `Bearer ${rig.platform.info.apiKey}` },
  };
  const ratios: number[] = [];
  const added: number[] = [];
  const rates = { direct: [] as number[], door: [] as number[] };
  await load(direct.url, direct.headers);
  await load(door.url, door.headers);
  for (let pair = 0; pair < PAIRS; pair++) {
    direct.headers = await identityHeader(secrets);
    const straight = await load(direct.url, direct.headers);
    const through = await load(door.url, door.headers);
    rates.direct.push(straight.perSecond);
    rates.door.push(through.perSecond);
    ratios.push(through.perSecond / straight.perSecond);
    added.push(
      (await oneByOne(door.url, door.headers, 2_000)) - (await oneByOne(direct.url, direct.headers, 2_000)),
    );
  }
  await gateway.process.end('SIGTERM');
  await service.process.stop();
  return [
    { what: 'service called directly, 1 KB, 32 connections', values: rates.direct, unit: 'requests/s' },
    { what: '  through the gateway', values: rates.door, unit: 'requests/s' },
    { what: '  ratio', values: ratios, unit: '', bound: { atLeast: 0.35 } },
    { what: '  added p50, one connection', values: added, unit: 'ms', bound: { atMost: 0.6 } },
  ];
}
