import type { Identity } from '@hornbook/contracts';
import { Database, isConnectionFailure, Together, type Outcome, type Tx } from '@hornbook/database';
import type { Within } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { AssignmentConfig } from '../config.js';
import { once } from '../idempotency/idempotency.js';
import { slimView } from '../items/item.js';
import { Transitions } from '../items/transitions.js';
import { MAX_CLAIM, type SelfServeAnswer, type SelfServeRequest } from './claims.schemas.js';
import { planTogether, type Plan } from './plan-together.js';
import { poolsForAll } from './pools.js';
import { Serving, type Asked } from './serving.js';

/** Calls that run at once in a process: while the database is busy with one, the other is made ready or read. */
const CALLS = 2;

/** A request that may be served together with others. */
interface AskedTogether extends Asked {
  /** Its own flow, which its event belongs to. */
  readonly within: Within;
}

/** What came of a request; undefined has to be served alone: it is not for company, or the others got what there was. */
type Served = SelfServeAnswer | undefined;

/**
 * Hands out work: nobody gets what another one has, and two calls at once get different items. Plain requests that come
 * at the same moment are served together, in one transaction (ADR 14).
 */
@Injectable()
export class SelfServeService {
  private readonly together: Together<AskedTogether, Served>;

  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
    private readonly serving: Serving,
    private readonly config: AssignmentConfig,
  ) {
    this.together = new Together((asked) => this.serveTogether(asked), {
      calls: CALLS,
      // No statement gets larger than for the largest request alone.
      most: MAX_CLAIM,
      weightOf: ({ request }) => request.limit,
    });
  }

  /** @throws ValidationError for an unknown dataset, IdempotencyKeyReusedError */
  async serve(
    request: SelfServeRequest,
    caller: Identity,
    key: string | undefined,
  ): Promise<SelfServeAnswer> {
    const { mode, tags } = request;
    const isPlain =
      key === undefined && mode === 'add' && tags === undefined && this.config.userOpenLimit === 0;
    const served = isPlain
      ? await this.together.ask({ request, caller, within: AsyncLocalStorage.snapshot() })
      : undefined;
    return served ?? this.serveAlone({ request, caller }, key);
  }

  private async serveAlone(asked: Asked, key: string | undefined): Promise<SelfServeAnswer> {
    const { request: body, caller } = asked;
    const route = 'POST /v1/assignments/self-serve';
    return this.database.transaction((tx) =>
      once(tx, { owner: caller.owner, key, route, body }, () => this.serving.serve(tx, asked)),
    );
  }

  private async serveTogether(asked: readonly AskedTogether[]): Promise<readonly Outcome<Served>[]> {
    try {
      return await this.database.transaction((tx) => this.claimTogether(tx, asked));
    } catch (error) {
      // What became of a lost transaction nobody knows: to serve its requests again might serve them twice.
      if (asked.length === 1 || isConnectionFailure(error)) throw error;
      // Whichever of them it was: the others shall not suffer for it.
      return asked.map(() => ({ answer: undefined }));
    }
  }

  private async claimTogether(tx: Tx, asked: readonly AskedTogether[]): Promise<Outcome<Served>[]> {
    const plans = await this.plan(tx, asked);
    const claimed = await this.transitions.claim(
      tx,
      asked.map(({ caller, within }, index) => ({
        parts: plans[index]?.parts ?? [],
        user: caller.owner,
        actor: caller.sub,
        within,
      })),
      // Who asks for a dataset that is locked may wait for it, but not the others with them.
      { waits: false },
    );
    const outcomes: Outcome<Served>[] = [];
    const got = new Map<string, number>();
    for (const [index, one] of asked.entries()) {
      const { prospect, error } = plans[index] ?? {};
      const items = (claimed[index] ?? []).map(slimView);
      if (error !== undefined) outcomes.push({ error });
      else if (!prospect || (items.length === 0 && prospect.wanted > 0)) outcomes.push({ answer: undefined });
      else {
        const { owner } = one.caller;
        const before = got.get(owner) ?? 0;
        const now = { ...prospect, open: prospect.open + before };
        const answer = await this.serving.complete(tx, one, now, items);
        got.set(owner, before + answer.assignedCount);
        outcomes.push({ answer });
      }
    }
    return outcomes;
  }

  private async plan(tx: Tx, asked: readonly AskedTogether[]): Promise<Plan[]> {
    const named = asked.map(({ request: { datasets } }) => datasets);
    const seen = await poolsForAll(
      tx,
      asked.map(({ caller }) => caller.owner),
      named.every((datasets) => datasets !== undefined) ? [...new Set(named.flat())] : undefined,
    );
    return planTogether(
      asked.map(({ request: { limit, datasets } }, index) => ({
        limit,
        datasets,
        pools: seen[index] ?? [],
      })),
    );
  }
}
