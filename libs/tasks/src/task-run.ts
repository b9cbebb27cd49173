import { setTimeout as delay } from 'node:timers/promises';
import { isConnectionFailure, type Tx } from '@hornbook/database';
import { advance } from './advance.js';
import { backOffMs } from './back-off.js';
import { deadlineExceeded, endingOf, failed, publicMessage } from './endings.js';
import type { Candidate } from './fair-queue.js';
import { finishTask, type Ending } from './finish-task.js';
import type { ClaimedTask, Leases } from './leases.js';
import { NO_MORE, RunSession } from './run-session.js';
import type { AnyTaskKind, ChunkOutcome } from './task-kind.js';
import {
  DeadlineExceededError,
  LeaseLostError,
  PermanentTaskError,
  TaskCancelledError,
} from './tasks.errors.js';
import type { Task, TaskFailure } from './task.js';
import type { TaskWorkerOptions } from './tasks-options.js';
import { TaskEnding } from './task-ending.js';
import type { Tasks } from './tasks.js';
import { isDropped, Turns, type StepOutcome, type Turn } from './turns.js';

/** What runs share. */
export interface RunParts {
  readonly tasks: Tasks;
  readonly leases: Leases;
  readonly options: Required<TaskWorkerOptions>;
  /** Called when a run can take another step beside the one in hand, and when one only waits for the one before. */
  readonly onRoom: () => void;
}

/** Reason of an aborted signal: the process ends and gives its tasks back. */
export class WorkerStoppedError extends Error {
  override readonly name = 'WorkerStoppedError';
}

/** An atomic task's chunk has asked for its end: everything rolls back. */
class AtomicAbort extends Error {
  constructor(readonly failure: TaskFailure) {
    super(failure.message);
  }
}

/** How long a chunk may ignore its aborted signal before the task goes on without it. */
const OBEY_MS = 750;
/** Pause while the database is away. */
const LATER_MS = 300;
/** Longest time a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One task in the hands of this process, worked on step by step: a step is one chunk, or the task's end. Between
 * steps other tasks have their turn. Steps of a kind that stages may begin while the one before is in hand; they
 * commit in order, each only after the one before it.
 */
export class TaskRun implements Candidate {
  lastTurn = 0;
  /** On `performance.now()`'s clock: no step before. */
  notBefore = 0;
  private task: Task;
  private readonly turns: Turns;
  private isNextReady = false;
  private session: RunSession | undefined;
  private wasOpened = false;
  private readonly ending: TaskEnding;
  private readonly controller = new AbortController();
  private readonly abandoned = Promise.withResolvers<never>();
  private readonly isAtomic: boolean;
  private readonly softAt: number;
  private readonly deadline: Date;
  private readonly timers: NodeJS.Timeout[] = [];
  private whole: Promise<StepOutcome> | undefined;
  private grant = Promise.withResolvers<undefined>();
  private turn = Promise.withResolvers<StepOutcome>();

  constructor(
    claimed: ClaimedTask,
    private readonly kind: AnyTaskKind,
    private readonly parts: RunParts,
  ) {
    this.task = claimed.task;
    this.turns = new Turns(parts.onRoom);
    this.ending = new TaskEnding(kind, parts);
    this.isAtomic = kind.isAtomic?.(claimed.task.params) ?? false;
    this.softAt = performance.now() + claimed.softMs;
    this.deadline = new Date(Date.now() + claimed.hardMs);
    this.abandoned.promise.catch(() => undefined);
    const onDeadline = (): void => this.interrupt(new DeadlineExceededError('the hard deadline has passed'));
    this.timers.push(setTimeout(onDeadline, Math.min(Math.max(0, claimed.hardMs), MAX_TIMER_MS)));
    if (claimed.wasLost && claimed.task.attempts > this.maxRetries) {
      const message = `The worker died ${claimed.task.attempts} times at the same place; resume to try again`;
      this.ending.decide(failed('worker_lost', message));
    }
  }

  get id(): string {
    return this.task.id;
  }

  get kindName(): string {
    return this.kind.name;
  }

  get owner(): string {
    return this.task.owner;
  }

  get epoch(): number {
    return this.task.epoch;
  }

  /** Whether the next step, which then needs no slot, lets the task go. */
  get isInterrupted(): boolean {
    return this.controller.signal.aborted;
  }

  /** Lets the task go for this reason, at the next step; a chunk in hand has a second to obey its signal. */
  interrupt(reason: Error): void {
    if (this.isInterrupted) return;
    this.controller.abort(reason);
    this.timers.push(setTimeout(() => this.abandoned.reject(reason), OBEY_MS));
  }

  get isStepping(): boolean {
    return this.turns.isTaken;
  }

  /** Whether another step may begin beside those in hand. */
  get canOverlap(): boolean {
    return this.isNextReady && !this.isInterrupted;
  }

  /** How many of the steps in hand only wait for the one before them. */
  get stepsWaiting(): number {
    return this.turns.waiting;
  }

  /** Does one chunk, or ends the task. Never throws. */
  step(): Promise<StepOutcome> {
    this.isNextReady = false;
    return this.turns.take((turn) => this.stepIn(turn));
  }

  private async stepIn(turn: Turn): Promise<StepOutcome> {
    const work = this.work(turn);
    work.catch(() => undefined);
    let outcome: StepOutcome;
    try {
      outcome = await Promise.race([work, this.abandoned.promise, turn?.then(() => work) ?? work]);
    } catch (error) {
      // Whatever went wrong here counts only if the step before lets it.
      if (await isDropped(turn)) return 'dropped';
      this.isNextReady = false;
      await this.rollBack();
      outcome = await this.settle(error);
    }
    if (outcome !== 'more') await this.closeSession(work);
    if (outcome === 'ended') this.clearTimers();
    if (outcome === 'later') this.notBefore = performance.now() + LATER_MS;
    return outcome;
  }

  /** For a run that is given up without a last step. */
  clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private async work(turn: Turn): Promise<StepOutcome> {
    this.controller.signal.throwIfAborted();
    if (this.ending.decided) return this.end(this.ending.decided);
    if (performance.now() >= this.softAt) throw new DeadlineExceededError('the soft deadline has passed');
    const session = await this.openSession();
    return this.isAtomic ? this.atomicStep(session) : this.chunkStep(session, turn);
  }

  private async chunkStep(session: RunSession, turn: Turn): Promise<StepOutcome> {
    const batch = await session.next(this.task);
    if (batch === NO_MORE) {
      await turn;
      return this.end({ status: 'SUCCESS' });
    }
    this.allowOverlap(session);
    const { tasks, leases, options } = this.parts;
    const { next, isOver, isCancelled } = await tasks.database.transaction(async (tx) => {
      const staged = await this.kind.stage?.({ ...session.context(this.task), tx, batch });
      await this.turns.wait(turn);
      this.controller.signal.throwIfAborted();
      const outcome = await this.chunk(session, tx, this.task, { batch, staged });
      const next = this.advanced(this.task, outcome);
      await leases.addErrors(tx, this.id, outcome.errors ?? []);
      const ending = endingOf(outcome);
      if (ending) {
        await finishTask(tx, next, ending, tasks.finishParts(next));
        return { next, isOver: true, isCancelled: false };
      }
      const { version, isCancelled } = await leases.commitChunk(tx, next, options.leaseMs);
      return { next: { ...next, version }, isOver: false, isCancelled };
    });
    this.task = next;
    if (isOver) return 'ended';
    tasks.changes.tell(this.id);
    if (isCancelled) this.interrupt(new TaskCancelledError(this.id));
    return 'more';
  }

  /** One chunk of an atomic task: its transaction stays open between the steps. */
  private async atomicStep(session: RunSession): Promise<StepOutcome> {
    this.turn = Promise.withResolvers<StepOutcome>();
    if (!this.whole) {
      let isRepeated = false;
      this.whole = this.parts.tasks.database.transaction(async (tx) => {
        // Undone by a deadlock: from the beginning, with a reader at the beginning.
        const current = isRepeated ? await this.reopenSession(session) : session;
        // It is still this step's turn.
        if (isRepeated) this.grant.resolve(undefined);
        isRepeated = true;
        return this.allChunks(current, tx);
      });
      this.whole.catch(() => undefined);
    }
    this.grant.resolve(undefined);
    return Promise.race([this.turn.promise, this.whole]);
  }

  private async allChunks(session: RunSession, tx: Tx): Promise<StepOutcome> {
    const { tasks, leases } = this.parts;
    for (;;) {
      await this.grant.promise;
      this.grant = Promise.withResolvers();
      this.controller.signal.throwIfAborted();
      const batch = await session.next(this.task);
      const outcome: ChunkOutcome<unknown> =
        batch === NO_MORE
          ? { checkpoint: this.task.checkpoint, done: true }
          : await this.chunk(session, tx, this.task, { batch });
      const next = this.advanced(this.task, outcome);
      const { version, isCancelled } = await leases.showProgress(next, outcome.errors ?? []);
      this.task = { ...next, version };
      tasks.changes.tell(this.id);
      if (outcome.abort) throw new AtomicAbort(outcome.abort);
      if (outcome.done) {
        await finishTask(tx, this.task, { status: 'SUCCESS' }, tasks.finishParts(this.task));
        return 'ended';
      }
      if (isCancelled) this.interrupt(new TaskCancelledError(this.id));
      this.turn.resolve('more');
    }
  }

  private chunk(
    session: RunSession,
    tx: Tx,
    task: Task,
    work: { readonly batch: unknown; readonly staged?: unknown },
  ): Promise<ChunkOutcome<unknown>> {
    return this.kind.chunk({ staged: undefined, ...session.context(task), run: session.run, tx, ...work });
  }

  /** The batch of the step in hand is there, so the next one can be asked for. */
  private allowOverlap(session: RunSession): void {
    if (!this.kind.stage || session !== this.session) return;
    this.isNextReady = true;
    this.parts.onRoom();
  }

  private advanced(task: Task, outcome: ChunkOutcome<unknown>): Task {
    const next = advance(task, outcome);
    // A run that starts over passes the chunks before the failing one again: they must not forgive its failures.
    return this.startsOver ? { ...next, attempts: task.attempts } : next;
  }

  private async openSession(): Promise<RunSession> {
    if (this.session) return this.session;
    const { tasks, leases } = this.parts;
    // After a connection was lost nobody knows whether the last chunk has committed.
    if (this.wasOpened) this.task = await leases.reload(this.task);
    if (this.startsOver && (this.wasOpened || this.task.epoch > 1)) {
      this.task = await leases.startOver(this.task);
    }
    this.wasOpened = true;
    this.session = await RunSession.open(this.kind, this.task, {
      deadline: this.deadline,
      signal: this.controller.signal,
      input: (seq) => tasks.input(this.id, seq),
      warn: (message) => tasks.settings.logger.warn(message),
    });
    return this.session;
  }

  private async reopenSession(session: RunSession): Promise<RunSession> {
    await session.close(Promise.resolve());
    this.session = undefined;
    return this.openSession();
  }

  /** Ends an atomic task's open transaction: what `finish` needs may be locked by it. */
  private async rollBack(): Promise<void> {
    const { whole } = this;
    if (!whole) return;
    this.grant.promise.catch(() => undefined);
    this.grant.reject(new Error('rolled back'));
    const settled = whole.catch(() => undefined);
    await Promise.race([settled, delay(OBEY_MS, undefined, { ref: false })]);
  }

  private async closeSession(inHand: Promise<unknown>): Promise<void> {
    const { session } = this;
    this.isNextReady = false;
    this.session = undefined;
    this.whole = undefined;
    this.grant = Promise.withResolvers();
    await session?.close(inHand);
  }

  /** What a failed step means for the task. */
  private async settle(error: unknown): Promise<StepOutcome> {
    const reason: unknown = this.isInterrupted ? this.controller.signal.reason : error;
    if (reason instanceof LeaseLostError) return 'ended';
    if (reason instanceof WorkerStoppedError) return this.giveBack();
    if (reason instanceof TaskCancelledError) return this.end({ status: 'REVOKED' });
    if (reason instanceof DeadlineExceededError) return this.end(deadlineExceeded);
    if (isConnectionFailure(error)) return 'later';
    if (error instanceof AtomicAbort) return this.end({ status: 'FAILURE', error: error.failure });
    if (error instanceof PermanentTaskError) return this.end(failed(error.code, error.message));
    return this.retry(error);
  }

  private async retry(error: unknown): Promise<StepOutcome> {
    const { options, tasks } = this.parts;
    const attempts = this.task.attempts + 1;
    tasks.settings.logger.warn(
      `task ${this.id} (${this.kind.name}), try ${attempts} of a chunk: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    const failure = {
      code: 'chunk_failed',
      message: `Try ${attempts} of a chunk failed: ${publicMessage(error)}`,
    };
    if (attempts > this.maxRetries) return this.end({ status: 'FAILURE', error: failure });
    return this.giveBack({ attempts, delayMs: backOffMs(attempts, options), error: failure });
  }

  private async giveBack(retry?: Parameters<Leases['giveBack']>[1]): Promise<StepOutcome> {
    try {
      await this.parts.leases.giveBack(this.task, retry);
      this.parts.tasks.changed(this.id);
    } catch (error) {
      // Its lease will end.
      this.parts.tasks.settings.logger.warn(`task ${this.id} could not be given back: ${String(error)}`);
    }
    return 'ended';
  }

  private end(ending: Ending): Promise<StepOutcome> {
    return this.ending.write(this.task, ending, this.isAtomic);
  }

  private get maxRetries(): number {
    return this.kind.maxRetries ?? 3;
  }

  private get startsOver(): boolean {
    return this.isAtomic || this.kind.startsOver === true;
  }
}
