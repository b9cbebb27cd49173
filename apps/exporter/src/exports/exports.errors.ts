import { ProblemError } from '@hornbook/service-kit';

/** Nothing leaves while exporting is paused: 409 with the reason. */
export class ExportsPausedError extends ProblemError {
  constructor(reason: string | null) {
    super('conflict', {
      detail: `Exporting is paused: ${reason ?? 'no reason was given'}. Remove the cause, then POST /api/v1/exports/resume`,
    });
  }
}
