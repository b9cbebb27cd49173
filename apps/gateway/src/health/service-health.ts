import type { Dispatcher } from 'undici';
import { Agent } from 'undici';
import { z } from 'zod';
import type { Service } from '../proxy/routes.js';

/** State of one service as the gateway sees it. */
export interface ServiceState {
  readonly status: 'ok' | 'failed' | 'stopping' | 'unreachable';
  /** Null when it did not answer. */
  readonly version: string | null;
  /** Of its answer; null when it did not answer. Milliseconds. */
  readonly latency_ms: number | null;
}

/** Longest wait for one service, milliseconds. */
const PATIENCE_MS = 2_000;
/** For how long an answer is shown again, milliseconds: health is asked by everybody, also by those not let in. */
const CACHE_MS = 1_000;

const report = z.object({ status: z.enum(['ok', 'failed', 'stopping']), version: z.string() });

const unreachable: ServiceState = { status: 'unreachable', version: null, latency_ms: null };

/** Asks all services how they are, side by side. It has connections of its own: a busy service must not look dead. */
export class ServiceHealth {
  private readonly agent = new Agent({ connections: 1, allowH2: false, connect: { timeout: PATIENCE_MS } });
  private seen: { readonly at: number; readonly states: Promise<Record<string, ServiceState>> } | undefined;

  constructor(private readonly services: readonly Service[]) {}

  /** State of every service by name, at most a second old. */
  look(): Promise<Record<string, ServiceState>> {
    const now = performance.now();
    if (!this.seen || now - this.seen.at > CACHE_MS) this.seen = { at: now, states: this.askAll() };
    return this.seen.states;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async askAll(): Promise<Record<string, ServiceState>> {
    const states = await Promise.all(this.services.map((service) => this.ask(service)));
    return Object.fromEntries(this.services.map(({ name }, index) => [name, states[index] ?? unreachable]));
  }

  private async ask({ url }: Service): Promise<ServiceState> {
    const startedAt = performance.now();
    const options: Dispatcher.RequestOptions & { origin: string } = {
      origin: url,
      path: '/health/ready',
      method: 'GET',
      signal: AbortSignal.timeout(PATIENCE_MS),
    };
    try {
      const { body } = await this.agent.request(options);
      const { status, version } = report.parse(await body.json());
      return { status, version, latency_ms: Math.round((performance.now() - startedAt) * 10) / 10 };
    } catch {
      // Whatever it was, the service does not answer as one of ours; the reason may hold host names.
      return unreachable;
    }
  }
}
