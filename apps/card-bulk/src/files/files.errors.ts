import { ProblemError } from '@hornbook/service-kit';

/** 416: the range lies outside of the file. */
export class RangeOutsideError extends ProblemError {
  constructor(range: string, size: number) {
    super('range_not_satisfiable', {
      detail: `Range ${range.slice(0, 100)} lies outside of the file, which has ${size} bytes`,
      headers: { 'content-range': `bytes */${size}` },
    });
  }
}

/** 404: a link that was never made, is of another file, or has expired; nobody is told which. */
export class DeadLinkError extends ProblemError {
  constructor() {
    super('not_found', {
      detail:
        'The link does not work, or not any more; its owner gets a new one by POST /bulk/tasks/{task_id}/link',
    });
  }
}

/** 410: the file is not in the store any more, though its task is still known. */
export class LostFileError extends ProblemError {
  constructor() {
    super('gone', { detail: 'The file is not there any more; export again' });
  }
}
