/** Words for the state of a task; the last three are ends. */
export type TaskStatus = 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED';

/** What `GET /bulk/status/{task_id}` answers, as far as the command line looks. */
export interface TaskView {
  readonly task_id: string;
  readonly kind: string;
  readonly status: TaskStatus;
  readonly progress: {
    readonly current: number;
    readonly total: number | null;
    readonly percent: number | null;
    readonly rate_per_second: number | null;
    readonly eta_seconds: number | null;
  };
  readonly counters?: Readonly<Record<string, number>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** Whether nothing happens to a task any more by itself. */
export function isEnded({ status }: TaskView): boolean {
  return status === 'SUCCESS' || status === 'FAILURE' || status === 'REVOKED';
}

/** Rows of the task that failed so far. */
export function failedRows({ counters, result }: TaskView): number {
  const failed = result?.['cards_failed'] ?? counters?.['cards_failed'] ?? 0;
  return typeof failed === 'number' ? failed : 0;
}
