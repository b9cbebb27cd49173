import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets } from '../start/secrets.ts';
import { startBenchService } from './bench-services.ts';
import { identityHeader } from './identity.ts';
import { percentile, type Measurement } from './measure.ts';

type Marks = [number: number, at: number][];

const LATENCY_EVENTS = 1_000;
const RATE_EVENTS = 20_000;
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
  const run = async (count: number, rate: number): Promise<{ committed: Map<number, number>; handled: Marks; started: number }> => {
    await get(`${consumer.url}/bench/forget`);
    const { started, committed } = await get<{ started: number; committed: Marks }>(`${producer.url}/bench/publish/${String(count)}/${String(rate)}`);
    for (;;) {
      const { handled } = await get<{ handled: Marks }>(`${consumer.url}/bench/seen`);
      if (handled.length >= count) return { committed: new Map(committed), handled, started };
      await sleep(200);
    }
  };
  await run(500, 0);
  const p50: number[] = [];
  const p99: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { committed, handled } = await run(LATENCY_EVENTS, 100);
    const delays = handled.map(([number, at]) => at - (committed.get(number) ?? at));
    p50.push(percentile(delays, 50));
    p99.push(percentile(delays, 99));
    const burst = await run(RATE_EVENTS, 0);
    const last = Math.max(...burst.handled.map(([, at]) => at));
    rates.push(RATE_EVENTS / ((last - burst.started) / 1_000));
  }
  await Promise.all([producer.process.stop(), consumer.process.stop()]);
  return [
    { what: 'outbox → handler commit at 100/s, p50', values: p50, unit: 'ms', bound: { atMost: 10 } },
    { what: '  p99', values: p99, unit: 'ms', bound: { atMost: 100 } },
    { what: '  sustained rate, publishing included', values: rates, unit: 'events/s', bound: { atLeast: 2_000 }, note: `${String(RATE_EVENTS)} transactions in, as many out` },
  ];
}
