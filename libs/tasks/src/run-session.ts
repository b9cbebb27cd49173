import { setTimeout as delay } from 'node:timers/promises';
import type { AnyTaskKind, RunContext } from './task-kind.js';
import type { Task } from './task.js';

/** What `RunSession.next` answers when there is nothing more to read. */
export const NO_MORE = Symbol('no more');

/** Longest wait for a run to close; one that hangs closes behind our back. */
const CLOSE_MS = 1_000;

/** What a session needs of the run it belongs to. */
export interface SessionParts {
  readonly deadline: Date;
  /** Aborted when the task must be let go. */
  readonly signal: AbortSignal;
  readonly input: (seq: number) => Promise<string | undefined>;
  readonly warn: (message: string) => void;
}

/** What a kind keeps open between the chunks of one run, and the batch that it reads ahead. */
export class RunSession {
  private readonly ending = new AbortController();
  private readonly signal: AbortSignal;
  private ahead: Promise<unknown> | undefined;

  private constructor(
    private readonly kind: AnyTaskKind,
    private readonly parts: SessionParts,
  ) {
    this.signal = AbortSignal.any([parts.signal, this.ending.signal]);
  }

  /** What `prepare` answered. */
  run: unknown;

  /** Opens what the kind needs. @throws whatever `prepare` throws */
  static async open(kind: AnyTaskKind, task: Task, parts: SessionParts): Promise<RunSession> {
    const session = new RunSession(kind, parts);
    session.run = await kind.prepare?.(session.context(task));
    return session;
  }

  /** What every part of the kind is told. */
  context(task: Task): RunContext<unknown, unknown> {
    const { deadline, input } = this.parts;
    return { task, checkpoint: task.checkpoint, signal: this.signal, deadline, input };
  }

  /** The next batch, and begins to read the one after it; undefined for kinds that do not read. */
  async next(task: Task): Promise<unknown> {
    if (!this.kind.read) return undefined;
    const reading = this.ahead ?? this.read(task);
    this.ahead = undefined;
    const batch = await reading;
    if (batch === undefined) return NO_MORE;
    this.ahead = this.read(task);
    // Its failure is told when its turn comes.
    this.ahead.catch(() => undefined);
    return batch;
  }

  /** Releases everything once `inHand` has settled; waits for that no longer than a second. */
  async close(inHand: Promise<unknown>): Promise<void> {
    this.ending.abort(new Error('the run has ended'));
    const closed = Promise.allSettled([inHand, this.ahead])
      .then(() => this.kind.release?.(this.run))
      .catch((error: unknown) => this.parts.warn(`release of ${this.kind.name} failed: ${String(error)}`));
    const timer = new AbortController();
    await Promise.race([closed, delay(CLOSE_MS, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  private async read(task: Task): Promise<unknown> {
    return this.kind.read?.({ ...this.context(task), run: this.run });
  }
}
