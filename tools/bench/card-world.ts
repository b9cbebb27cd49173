import { readFile, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Pool as HttpPool } from 'undici';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets, userToken } from '../start/secrets.ts';

/** A task as far as the bench looks. */
export interface TaskState {
  readonly task_id: string;
  readonly status: string;
  readonly progress: { readonly current: number; readonly total: number | null };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** What an owner is expected to have. */
export interface Holdings {
  readonly cards: number;
  readonly published: number;
  /** Tokens ever earned; as many as published cards unless some of those are gone. */
  readonly earned?: number;
}

/** Longest time a task of the bench may take. */
const TASK_MS = 900_000;

const HOLDINGS = `
  SELECT (SELECT count(*) FROM card_bulk.cards WHERE owner = $1 AND deleted_at IS NULL)::int AS cards,
    (SELECT count(*) FROM card_bulk.cards WHERE owner = $1 AND deleted_at IS NULL AND is_published)::int AS published,
    count(*)::int AS entries, count(DISTINCT card_id)::int AS rewarded, coalesce(sum(amount), 0)::float8 AS earned,
    coalesce(max(to_balance_after), 0)::float8 AS last,
    coalesce((SELECT balance FROM card_bulk.extropy_balances WHERE owner = $1), 0)::float8 AS balance
  FROM card_bulk.extropy_ledger WHERE to_user = $1`;

/** Somebody with cards, who calls through the gateway as any client does, with a token of their own. */
export class CardOwner {
  readonly name: string;
  private readonly pool: HttpPool;
  private readonly authorization: string;

  constructor(name: string, pool: HttpPool, token: string) {
    this.name = name;
    this.pool = pool;
    this.authorization = `Bearer ${token}`;
  }

  /** One call; answers what came, unread. @throws Error unless it is `wanted` */
  async send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, type = 'application/json' }: { readonly body?: string | Readable; readonly type?: string } = {},
    wanted = 200,
  ): Promise<{ text(): Promise<string>; drain(): Promise<number> }> {
    const answer = await this.pool.request({
      method,
      path,
      headers: {
        authorization: this.authorization,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
      headersTimeout: TASK_MS,
      bodyTimeout: TASK_MS,
    });
    if (answer.statusCode !== wanted)
      throw new Error(
        `${method} ${path} answered ${String(answer.statusCode)}: ${(await answer.body.text()).slice(0, 500)}`,
      );
    return {
      text: () => answer.body.text(),
      async drain() {
        let bytes = 0;
        for await (const chunk of answer.body as AsyncIterable<Buffer>) bytes += chunk.length;
        return bytes;
      },
    };
  }

  /** Starts an operation. @returns its task, and seconds until the 202 was there */
  async start(
    path: string,
    body: string | Readable,
    type?: string,
  ): Promise<{ task: string; seconds: number }> {
    const started = performance.now();
    const answer = await this.send('POST', path, { body, ...(type ? { type } : {}) }, 202);
    const { task_id: task } = JSON.parse(await answer.text()) as { task_id: string };
    return { task, seconds: (performance.now() - started) / 1_000 };
  }

  /** The state of a task, at once or, with `wait`, at its end or after so many seconds. */
  async look(task: string, wait = 0): Promise<TaskState> {
    const answer = await this.send('GET', `/bulk/status/${task}?wait=${String(wait)}`);
    return JSON.parse(await answer.text()) as TaskState;
  }

  /** Waits for the end of a task. @throws Error unless that is SUCCESS */
  async finished(task: string): Promise<TaskState> {
    const deadline = Date.now() + TASK_MS;
    while (Date.now() < deadline) {
      const state = await this.look(task, 20);
      if (state.status === 'SUCCESS') return state;
      if (state.status === 'FAILURE' || state.status === 'REVOKED')
        throw new Error(`task ${task} ended as ${state.status}: ${state.error ?? ''}`);
    }
    throw new Error(`task ${task} has not ended`);
  }

  /** Starts an operation and waits for SUCCESS. */
  async run(
    path: string,
    body: string | Readable,
    type?: string,
  ): Promise<{ state: TaskState; accepted: number; seconds: number }> {
    const started = performance.now();
    const { task, seconds: accepted } = await this.start(path, body, type);
    const state = await this.finished(task);
    return { state, accepted, seconds: (performance.now() - started) / 1_000 };
  }
}

/** What the card parts of the bench share: owners, the database, and an eye on what is held. */
export class CardWorld {
  readonly client: pg.Client;
  private readonly rig: Rig;
  private readonly pool: HttpPool;

  private constructor(rig: Rig, client: pg.Client) {
    this.rig = rig;
    this.client = client;
    this.pool = new HttpPool(rig.platform.info.gateway);
  }

  static async open(rig: Rig): Promise<CardWorld> {
    const client = new pg.Client({ connectionString: rig.platform.info.database });
    await client.connect();
    return new CardWorld(rig, client);
  }

  /** Somebody of whom nothing is known yet. */
  async owner(name: string): Promise<CardOwner> {
    return new CardOwner(name, this.pool, await userToken(await loadSecrets([]), name, ['curator']));
  }

  /** @throws Error unless an owner has exactly this, and the ledger says the same as the balance */
  async expectExactly(owner: string, { cards, published, earned = published }: Holdings): Promise<void> {
    const { rows } = await this.client.query<Record<string, number>>(HOLDINGS, [owner]);
    const found = JSON.stringify(rows[0]);
    const wanted = {
      cards,
      published,
      entries: earned,
      rewarded: earned,
      earned,
      last: earned,
      balance: earned,
    };
    if (found !== JSON.stringify(wanted))
      throw new Error(`${owner} has ${found} instead of ${JSON.stringify(wanted)}`);
  }

  /** Waits until nothing is left of earlier work that would run beside what is measured next. */
  async quiet(): Promise<void> {
    const deadline = Date.now() + 120_000;
    let last = Infinity;
    for (;;) {
      const { rows } = await this.client.query<{ waiting: number }>(
        `SELECT (SELECT count(*) FROM card_bulk.card_search_queue)::int
           + (SELECT count(*) FROM card_bulk.outbox WHERE published_at IS NULL)::int AS waiting`,
      );
      const waiting = rows[0]?.waiting ?? 0;
      // What nobody works on is no disturbance.
      if (waiting === 0 || waiting === last || Date.now() > deadline) return;
      last = waiting;
      await sleep(1_000);
    }
  }

  /** Forgets the peak of a service's resident memory, so that `peakMemory` tells that of what follows. */
  async resetPeak(service: string): Promise<void> {
    await writeFile(`/proc/${String(this.pidOf(service))}/clear_refs`, '5');
  }

  /** The most resident memory that a service has had since `resetPeak`, MB. The kernel keeps it: no sample is missed. */
  async peakMemory(service: string): Promise<number> {
    const status = await readFile(`/proc/${String(this.pidOf(service))}/status`, 'utf8');
    return (Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1_024) / 1e6;
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.client.end()]);
  }

  private pidOf(name: string): number {
    const service = this.rig.platform.services.find((candidate) => candidate.name === name);
    if (!service) throw new Error(`no service ${name}`);
    return service.process.pid;
  }
}
