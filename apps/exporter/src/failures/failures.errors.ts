import { ProblemError } from '@hornbook/service-kit';

/** What was decided about a failure is not decided again: 409. */
export class FailureResolvedError extends ProblemError {
  constructor(id: number, resolution: string | null) {
    super('conflict', { detail: `Failure ${String(id)} is no longer open: ${resolution ?? 'resolved'}` });
  }
}
