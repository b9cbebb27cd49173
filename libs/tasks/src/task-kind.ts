import type { Tx } from '@hornbook/database';
import type { z } from 'zod';
import type { FinishedStatus, Json, RowError, StoredRowError, Task, TaskFailure } from './task.js';

/** What every part of a kind is told. */
export interface RunContext<Params, Checkpoint> {
  /** As of the last committed chunk. */
  readonly task: Task<Params, Checkpoint>;
  /** Where to go on; null at the beginning. */
  readonly checkpoint: Checkpoint | null;
  /**
   * Aborted when the task is cancelled, its lease is lost, its hard deadline has passed or the process ends in a
   * hurry. Hand it to whatever takes long; throwing its `reason` rolls the chunk back and counts as no failure.
   */
  readonly signal: AbortSignal;
  /** When the signal is aborted at the latest: the hard deadline. */
  readonly deadline: Date;
  /** Text number `seq` (from 0) of those that came with the task, or undefined after the last one. */
  readonly input: (seq: number) => Promise<string | undefined>;
}

/** What `read` is told. */
export interface ReadContext<Params, Checkpoint, Run> extends RunContext<Params, Checkpoint> {
  readonly run: Run;
}

/** What `stage` is told. */
export interface StageContext<Params, Checkpoint, Batch> extends RunContext<Params, Checkpoint> {
  /** The transaction of the chunk. */
  readonly tx: Tx;
  /** What `read` answered. */
  readonly batch: Batch;
}

/** What `chunk` is told. */
export interface ChunkContext<Params, Checkpoint, Run, Batch, Staged = unknown> extends ReadContext<
  Params,
  Checkpoint,
  Run
> {
  /** The open transaction; everything done in it and everything in the outcome commits together. */
  readonly tx: Tx;
  /** What `read` answered. */
  readonly batch: Batch;
  /** What `stage` answered; undefined in an atomic task. */
  readonly staged: Staged | undefined;
}

/** What one chunk did. */
export interface ChunkOutcome<Checkpoint> {
  /** Where the next chunk goes on, or this very task after a crash. */
  readonly checkpoint: Checkpoint;
  /** Added to `task.current`. */
  readonly processed?: number;
  /** Replaces `task.total`. */
  readonly total?: number;
  /** Added to the sums of `task.counters`; whole numbers. */
  readonly counters?: Readonly<Record<string, number>>;
  readonly errors?: readonly RowError[];
  /** That was the last one. */
  readonly done?: boolean;
  /**
   * Ends the task as FAILURE with what this chunk did committed; in an atomic task everything is rolled back, but
   * its row errors stay.
   */
  readonly abort?: TaskFailure;
}

/** What `finish` is told. */
export interface FinishContext<Params, Checkpoint> {
  /** As it will stand: status, counters, error and `finishedAt` are those of the end; `result` is not there yet. */
  readonly task: Task<Params, Checkpoint> & { readonly status: FinishedStatus };
  /** The transaction that finishes the task: publish events and note webhooks here. */
  readonly tx: Tx;
  /** The first row errors of the task, in order. */
  errors(limit: number): Promise<StoredRowError[]>;
}

/**
 * A kind of task: how one is worked on, in chunks. Everything here may run again after a crash, on another replica;
 * only what `chunk` and `finish` do inside `tx` happens once.
 *
 * For each run (from taking the task to its end, failure, or the end of the process) the worker calls `prepare`, then
 * `read` and `chunk` in turn, and `release` at last. A chunk that throws rolls back, ends the run and is tried again
 * from the committed checkpoint after a back-off.
 */
export interface TaskKind<
  Params = unknown,
  Checkpoint = unknown,
  Run = unknown,
  Batch = unknown,
  Staged = unknown,
> {
  /** Stored with each task, so it must not change: `card-bulk.import`. */
  readonly name: string;
  /** Checks the parameters when a task or a schedule is created. */
  readonly params: z.ZodType<Params>;
  /** Tries of a failing chunk after the first one. Default 3. */
  readonly maxRetries?: number;
  /** Time since its first start, or since it was resumed, after which it ends as FAILURE at the next chunk edge. Default 55 min. */
  readonly softDeadlineMs?: number;
  /** The same, after which it ends as FAILURE at once, its chunk rolled back. Default 60 min. */
  readonly hardDeadlineMs?: number;
  /** How long a finished task can be read. Default: the option of the same name. */
  readonly retentionMs?: number;
  /**
   * Whether each run begins at the beginning: checkpoint, counters and row errors are cleared before it. For output
   * that only one run can write as a whole, such as a file from one snapshot. Atomic tasks always do.
   */
  readonly startsOver?: boolean;
  /** Counters that keep their value when an atomic task is rolled back, e.g. that of failed rows. */
  readonly keptCounters?: readonly string[];
  /** Whether all chunks of a task are one transaction, committed at its end or not at all. Default: never. */
  isAtomic?(params: Params): boolean;
  /** Opens what all chunks of a run share, outside any transaction: a reader placed at the checkpoint, a writer. */
  prepare?(context: RunContext<Params, Checkpoint>): Promise<Run>;
  /**
   * Fetches what the next chunk works on, outside any transaction; undefined ends the task. It is called while the
   * chunk before is still being written, so it goes on from its `run`, not from the checkpoint.
   */
  read?(context: ReadContext<Params, Checkpoint, Run>): Promise<Batch | undefined>;
  /**
   * The part of a chunk's work that asks for nothing of the chunks before it and takes no lock that they could need.
   * While a slot is free, chunks are staged side by side, each in the transaction in which its `chunk` follows when
   * the one before has committed. `task` and `checkpoint` may be those of some chunks earlier. Not called for atomic
   * tasks, whose chunks are one transaction.
   * @returns handed to `chunk`
   */
  stage?(context: StageContext<Params, Checkpoint, Batch>): Promise<Staged>;
  /**
   * One set-based piece of work inside `tx`; well under a second, as fairness, cancelling and progress wait for its
   * end. May run twice for one batch (deadlock), so it must have no effect outside `tx`.
   */
  chunk(context: ChunkContext<Params, Checkpoint, Run, Batch, Staged>): Promise<ChunkOutcome<Checkpoint>>;
  /** Closes what `prepare` opened, whatever happened. */
  release?(run: Run): Promise<void>;
  /** Runs in the transaction that ends the task, however it ends, cancelling a waiting task included. @returns the task's `result` */
  finish?(context: FinishContext<Params, Checkpoint>): Promise<Json | undefined>;
  /** Removes what an expired task left outside the database, such as files. Safe to repeat. */
  discard?(task: Task<Params, Checkpoint>): Promise<void>;
}

/** A kind whose types only it knows. */
export type AnyTaskKind = TaskKind;

/** Declares a kind; the types of parameters, checkpoint, run, batch and what is staged follow from its members. */
export function defineTaskKind<
  Params,
  Checkpoint = unknown,
  Run = undefined,
  Batch = undefined,
  Staged = undefined,
>(kind: TaskKind<Params, Checkpoint, Run, Batch, Staged>): TaskKind<Params, Checkpoint, Run, Batch, Staged> {
  return kind;
}
