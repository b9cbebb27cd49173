import type { Readable } from 'node:stream';
import { Tasks } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { bytesOf, faultReport, writeBatches, type ReportFormat } from '../../formats/index.js';
import { failedRows } from './failed-rows.js';

/** Reports of rows that failed. */
@Injectable()
export class RowErrorsService {
  constructor(private readonly tasks: Tasks) {}

  /**
   * All rows that failed so far, as they came and with what is wrong beside them: a file to be mended and sent again.
   * @throws TaskError 404, 410
   */
  async report(owner: string, taskId: string, format: ReportFormat): Promise<Readable> {
    // Now, and not when the answer has begun.
    await this.tasks.get(owner, taskId);
    return bytesOf(writeBatches(faultReport(format), failedRows(this.tasks.streamErrors(owner, taskId))));
  }
}
