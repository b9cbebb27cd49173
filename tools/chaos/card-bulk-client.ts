import { setTimeout as sleep } from 'node:timers/promises';
import type { CardRun } from './card-bulk-plan.ts';
import { rowOf } from './card-bulk-plan.ts';

/** A task as a client sees it. */
export interface SeenTask {
  readonly status: string;
  readonly counters: Readonly<Record<string, number>>;
  readonly error?: string;
}

/** Longest time that a client goes on asking. */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 100;
const REQUEST_MS = 20_000;

/** Whether a careful client asks again: the answer is about the platform's state and not about the request. */
const isPassing = (status: number): boolean => status >= 500 || status === 429 || status === 408;

/** A client who repeats what got no answer, under the same Idempotency-Key, as the documentation tells. */
export class CarefulClient {
  private readonly gateway: string;
  private readonly token: string;

  constructor(gateway: string, token: string) {
    this.gateway = gateway;
    this.token = token;
  }

  /** Sends the rows of a run until a 202 came. @returns the task */
  async submit(run: CardRun, options: Readonly<Record<string, string>>, key: string): Promise<string> {
    const rows = Array.from({ length: run.rows }, (_, index) => rowOf(run, index));
    const isStream = run.manner === 'stream';
    const query = new URLSearchParams({ format: 'ndjson', ...options }).toString();
    const body = isStream
      ? `${rows.join('\n')}\n`
      : `{"cards":[${rows.join(',')}]${Object.entries(options)
          .map(([name, value]) => `,"${name}":"${value}"`)
          .join('')}}`;
    const { task_id } = await this.ask<{ task_id: string }>(
      'POST',
      isStream ? `/bulk/import/stream?${query}` : '/bulk/import',
      {
        body,
        headers: {
          'content-type': isStream ? 'application/x-ndjson' : 'application/json',
          'idempotency-key': key,
        },
      },
    );
    return task_id;
  }

  /** Waits for the end of a task; one that failed is resumed. @returns it, and how often it was resumed */
  async ended(task: string): Promise<{ seen: SeenTask; resumed: number }> {
    const deadline = Date.now() + PATIENCE_MS;
    let resumed = 0;
    for (;;) {
      const seen = await this.ask<SeenTask>('GET', `/bulk/status/${task}`);
      if (seen.status === 'SUCCESS' || seen.status === 'REVOKED') return { seen, resumed };
      if (seen.status === 'FAILURE') {
        if (resumed === 3) return { seen, resumed };
        resumed++;
        // A repeat of one that was heard finds the task running.
        await this.ask('POST', `/bulk/tasks/${task}/resume`, {}, [409]);
      }
      if (Date.now() > deadline) throw new Error(`task ${task} is still ${seen.status}`);
      await sleep(PAUSE_MS);
    }
  }

  private async ask<Answer>(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: string; readonly headers?: Record<string, string> } = {},
    alsoGood: readonly number[] = [],
  ): Promise<Answer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      let last = 'no answer';
      try {
        const answer = await fetch(`${this.gateway}${path}`, {
          method,
          headers: { authorization: `Bearer ${this.token}`, ...headers },
          ...(body === undefined ? {} : { body }),
          signal: AbortSignal.timeout(REQUEST_MS),
        });
        const text = await answer.text();
        if (answer.ok || alsoGood.includes(answer.status)) return JSON.parse(text) as Answer;
        last = `${String(answer.status)} ${text.slice(0, 300)}`;
        if (!isPassing(answer.status)) throw new RefusedError(`${method} ${path}: ${last}`);
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        last = error instanceof Error ? error.message : String(error);
      }
      if (Date.now() > deadline) throw new RefusedError(`${method} ${path}: ${last}`);
      await sleep(PAUSE_MS);
    }
  }
}

/** The platform refused a request that is good, or did not answer for long. */
export class RefusedError extends Error {}
