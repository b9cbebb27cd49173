import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets } from '../start/secrets.ts';
import { startBenchService } from './bench-services.ts';
import { identityHeader } from './identity.ts';
import { percentile, type Measurement } from './measure.ts';

type Marks = [number: number, at: number][];

const LATENCY_EVENTS = 1_000;
const RATE_EVENTS = 20_000;
const PER_TRANSACTION = 10;
const ROUNDS = 3;

/** Outbox commit → handler commit between two processes over RabbitMQ: latency at 100 events/s, and the sustained rate. */
export async function measureOutbox(rig: Rig): Promise<Measurement[]> {
  const secrets = await loadSecrets([]);
  const producer = await startBenchService(rig, secrets, 'bench-producer', false);
  const consumer = await startBenchService(rig, secrets, 'bench-consumer', true);
  const headers = await identityHeader(secrets);
  const get = async <Answer>(url: string): Promise<Answer> => {
    const response = await fetch(url, { headers: { ...headers, ...(await identityHeader(secrets)) } });
    if (!response.ok) throw new Error(`${url} answered ${String(response.status)}: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  const run = async (
    count: number,
    rate: number,
    each: number,
  ): Promise<{ committed: Map<number, number>; handled: Marks; started: number }> => {
    await get(`${consumer.url}/bench/forget`);
    const { started, committed } = await get<{ started: number; committed: Marks }>(
      `${producer.url}/bench/publish/${String(count)}/${String(rate)}/${String(each)}`,
    );
    while ((await get<{ handled: number }>(`${consumer.url}/bench/count`)).handled < count) await sleep(200);
    const { handled } = await get<{ handled: Marks }>(`${consumer.url}/bench/seen`);
    return { committed: new Map(committed), handled, started };
  };
  const sustained = async (count: number, each: number): Promise<number> => {
    const { handled, started } = await run(count, 0, each);
    return count / ((Math.max(...handled.map(([, at]) => at)) - started) / 1_000);
  };
  await run(500, 0, 1);
  const p50: number[] = [];
  const p99: number[] = [];
  const rates: number[] = [];
  const single: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { committed, handled } = await run(LATENCY_EVENTS, 100, 1);
    const delays = handled.map(([number, at]) => at - (committed.get(number) ?? at));
    p50.push(percentile(delays, 50));
    p99.push(percentile(delays, 99));
    rates.push(await sustained(RATE_EVENTS, PER_TRANSACTION));
    single.push(await sustained(RATE_EVENTS / 4, 1));
  }
  await Promise.all([producer.process.stop(), consumer.process.stop()]);
  return describe(p50, p99, rates, single);
}

function describe(p50: number[], p99: number[], rates: number[], single: number[]): Measurement[] {
  return [
    { what: 'outbox → handler commit at 100/s, p50', values: p50, unit: 'ms', bound: { atMost: 10 } },
    { what: '  p99', values: p99, unit: 'ms', bound: { atMost: 100 } },
    {
      what: '  sustained rate, publishing included',
      values: rates,
      unit: 'events/s',
      bound: { atLeast: 2_000 },
      note: `${String(RATE_EVENTS)} events, published ${String(PER_TRANSACTION)} to a transaction`,
    },
    {
      what: '  the same, one event to a transaction',
      values: single,
      unit: 'events/s',
      note: 'each commit is flushed to disk',
    },
  ];
}
