import { setTimeout as delay } from 'node:timers/promises';
import { BackgroundLoop } from './background-loop.js';
import { FairQueue } from './fair-queue.js';
import { Leases, type ClaimedTask } from './leases.js';
import { fireDueSchedules } from './fire-schedules.js';
import { metrics } from './metrics.js';
import { TaskRetention } from './task-retention.js';
import { LeaseLostError, TaskCancelledError } from './tasks.errors.js';
import { TaskRun, WorkerStoppedError } from './task-run.js';
import { workerSettings, type TaskWorkerOptions } from './tasks-options.js';
import type { Tasks } from './tasks.js';

const RETENTION_MS = 60_000;
/** Longest wait for tasks to be given back after they were told to stop. */
const GIVE_BACK_MS = 5_000;

/**
 * Works on tasks: takes them under a lease, gives each a chunk's time in turn, fires schedules and removes what has
 * expired. Any number of replicas may run one; a task is worked on by one at a time.
 */
export class TaskWorker {
  readonly leases: Leases;
  private readonly options: Required<TaskWorkerOptions>;
  private readonly held = new Map<string, TaskRun>();
  private readonly queue = new FairQueue();
  private readonly loops: BackgroundLoop[];
  private readonly claims: BackgroundLoop;
  private readonly watch: BackgroundLoop;
  private readonly steps = new Set<Promise<void>>();
  private stopNudges: (() => void) | undefined;
  private busy = 0;
  private turn = 0;
  private renewedAt = -Infinity;
  private stopping = false;
  private ending: Promise<void> | undefined;

  constructor(
    private readonly tasks: Tasks,
    options: TaskWorkerOptions = {},
  ) {
    this.options = workerSettings(options);
    this.leases = new Leases(tasks.database);
    const retention = new TaskRetention(tasks);
    const loop = (name: string, pauseMs: number, step: () => Promise<void>): BackgroundLoop =>
      new BackgroundLoop(pauseMs, step, (error) =>
        tasks.settings.logger.warn(`task worker, ${name}: ${String(error)}`),
      );
    this.claims = loop('claim', this.options.pollMs, () => this.claim());
    this.watch = loop('watch', this.options.pollMs, () => this.lookAtHeld());
    this.loops = [
      this.watch,
      loop('schedules', this.options.pollMs, () => fireDueSchedules(tasks)),
      loop('retention', RETENTION_MS, () => retention.run()),
      this.claims,
    ];
  }

  /** Begins to take tasks. Safe to repeat. */
  start(): void {
    if (this.stopNudges) return;
    this.stopNudges = this.tasks.onNudge(() => this.look());
    for (const loop of this.loops) loop.start();
  }

  /** Looks for work now, and does not wait for the next poll. */
  look(): void {
    this.claims.ring();
    this.watch.ring();
  }

  /** Takes no more tasks, lets the chunks in hand end, and gives everything back. Safe to repeat. */
  stop(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  private async end(): Promise<void> {
    this.stopping = true;
    this.stopNudges?.();
    const idle = this.loops.filter((loop) => loop !== this.watch);
    await Promise.all(idle.map((loop) => loop.stop()));
    // Leases are renewed until the chunks in hand are done.
    await this.settled(this.options.graceMs);
    for (const run of this.held.values()) {
      run.interrupt(new WorkerStoppedError('the process ends'));
      this.letGo(run);
    }
    await this.settled(GIVE_BACK_MS);
    await this.watch.stop();
    for (const run of this.held.values()) run.clearTimers();
    await this.tasks.database
      .query('DELETE FROM task_workers WHERE id = $1', [this.leases.worker])
      .catch(() => undefined);
  }

  private async settled(ms: number): Promise<void> {
    const timer = new AbortController();
    const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.steps), late]);
    timer.abort();
  }

  /** Takes what there is room for. */
  private async claim(): Promise<void> {
    while (!this.stopping && this.held.size < this.options.maxHeld) {
      // With the slots taken, only for owners who would otherwise wait for others' tasks to end.
      const perOwner = this.held.size < this.options.slots ? this.options.perOwner : 1;
      const claimed = await this.leases.claim(this.tasks.kinds, { leaseMs: this.options.leaseMs, perOwner });
      if (!claimed) return;
      this.take(claimed);
    }
  }

  private take(claimed: ClaimedTask): void {
    const kind = this.tasks.kinds.get(claimed.task.kind);
    if (!kind) return;
    const run = new TaskRun(claimed, kind, {
      tasks: this.tasks,
      leases: this.leases,
      options: this.options,
      onRoom: () => this.fillSlots(),
    });
    this.held.set(run.id, run);
    metrics.held.inc();
    this.tasks.changes.tell(run.id);
    this.fillSlots();
  }

  private fillSlots(): void {
    while (!this.stopping) {
      const run = this.next();
      if (!run) return;
      run.lastTurn = ++this.turn;
      this.busy++;
      this.queue.begin(run.owner);
      const begun = performance.now();
      this.track(
        this.step(run).finally(() => {
          const ms = performance.now() - begun;
          metrics.chunkSeconds.observe({ kind: run.kindName }, ms / 1_000);
          this.busy--;
          this.queue.end(run.owner, ms);
          this.fillSlots();
        }),
      );
    }
  }

  /**
   * The next to take a step: one that has none in hand, or else one that can use a slot which nobody asks for. A step
   * that only waits for the one before it keeps nobody out.
   */
  private next(): TaskRun | undefined {
    const { slots } = this.options;
    const now = performance.now();
    const runs = [...this.held.values()];
    const idle = runs.reduce((sum, { stepsWaiting }) => sum + stepsWaiting, 0);
    if (this.busy - idle >= slots) return undefined;
    const waiting = runs.filter((run) => !run.isStepping && !run.isInterrupted && run.notBefore <= now);
    if (waiting.length > 0 || this.busy >= slots) return this.queue.pick(waiting);
    return this.queue.pick(runs.filter(({ canOverlap }) => canOverlap));
  }

  /** The last step of an interrupted task: needs no slot, and waits for none. */
  private letGo(run: TaskRun): void {
    if (!run.isStepping) this.track(this.step(run));
  }

  private async step(run: TaskRun): Promise<void> {
    const outcome = await run.step();
    if (outcome === 'ended') {
      if (this.held.get(run.id) === run) this.held.delete(run.id);
      metrics.held.dec();
      this.claims.ring();
    } else if (outcome === 'more' && run.isInterrupted && !run.isStepping) {
      await this.step(run);
    }
  }

  private track(step: Promise<void>): void {
    this.steps.add(step);
    void step.finally(() => this.steps.delete(step));
  }

  /** Renews leases in time, and learns which tasks are cancelled or lost. */
  private async lookAtHeld(): Promise<void> {
    const now = performance.now();
    const isRenewal = now - this.renewedAt > this.options.leaseMs / 3;
    if (isRenewal) await this.signIn();
    // Taken before the question: what is claimed while it is asked is in nobody's answer.
    const runs = [...this.held.values()];
    if (runs.length > 0) {
      const ids = runs.map(({ id }) => id);
      const rows = await this.leases.look(ids, isRenewal ? this.options.leaseMs : undefined);
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const run of runs) {
        if (this.held.get(run.id) !== run) continue;
        const row = found.get(run.id);
        if (row?.epoch !== run.epoch) run.interrupt(new LeaseLostError(run.id));
        else if (row.isCancelled) run.interrupt(new TaskCancelledError(run.id));
        if (run.isInterrupted && run.notBefore <= now) this.letGo(run);
      }
    }
    if (isRenewal) this.renewedAt = now;
    // Those whose pause is over.
    this.fillSlots();
  }

  private async signIn(): Promise<void> {
    await this.tasks.database.query(
      `INSERT INTO task_workers (id, slots, seen_at) VALUES ($1, $2, clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
      [this.leases.worker, this.options.slots],
    );
  }
}
