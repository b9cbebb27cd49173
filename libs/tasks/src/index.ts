export { BackgroundLoop } from './background-loop.js';
export type { CreatedTask, Idempotency, NewTask } from './create-task.js';
export {
  defineTaskKind,
  type AnyTaskKind,
  type ChunkContext,
  type ChunkOutcome,
  type FinishContext,
  type ReadContext,
  type RunContext,
  type StageContext,
  type TaskKind,
} from './task-kind.js';
export { createTaskTables, dropTaskTables } from './task-tables.js';
export {
  isFinished,
  taskStatuses,
  type FinishedStatus,
  type Json,
  type RowError,
  type StoredRowError,
  type Task,
  type TaskFailure,
  type TaskStatus,
} from './task.js';
export {
  DeadlineExceededError,
  IdempotencyKeyReusedError,
  InvalidScheduleError,
  LeaseLostError,
  PermanentTaskError,
  ScheduleNotFoundError,
  TaskCancelledError,
  TaskError,
  TaskGoneError,
  TaskNotFoundError,
  TaskStateError,
  TooManyTasksError,
} from './tasks.errors.js';
export { type TasksLogger, type TasksOptions, type TaskWorkerOptions } from './tasks-options.js';
export { Tasks, type Owner, type TaskFilter } from './tasks.js';
export type { Overlap, Schedule } from './schedule.js';
export { Schedules, type NewSchedule, type ScheduleChanges } from './schedules.js';
export { TaskRetention } from './task-retention.js';
export { TaskWorker } from './task-worker.js';
export { TasksModule, type TasksModuleOptions } from './tasks.module.js';
export { taskInput } from './task-row.js';
