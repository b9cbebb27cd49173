import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { AcceptTask, type AcceptedTask } from '../accept-task.js';
import { InvalidFormatError } from '../bulk.errors.js';
import type { AskedBy } from '../bulk.service.js';
import { exportFormats, type ExportFormat } from '../../formats/index.js';
import { exportParamsSchema, type ExportRequest } from './export.schemas.js';

/** Cards a second that an estimate promises; a small machine does twice as many. */
const ESTIMATED_RATE = 20_000;
/** Nobody waits for an estimate: of more cards than this are not counted. */
const MOST_COUNTED = 200_000;

/** Takes on exports. */
@Injectable()
export class ExportService {
  constructor(
    private readonly accepting: AcceptTask,
    private readonly database: Database,
  ) {}

  /** @throws InvalidFormatError */
  async export(
    { run_at, webhook_url, format, ...request }: ExportRequest,
    { owner, idempotencyKey }: AskedBy,
  ): Promise<AcceptedTask> {
    if (!isFormat(format)) throw new InvalidFormatError();
    const params = exportParamsSchema.parse({ ...request, format, webhook_url: webhook_url ?? null });
    return this.accepting.accept({
      kind: 'export',
      owner,
      params,
      ...(run_at === undefined ? {} : { runAt: new Date(run_at) }),
      message: `Bulk export initiated in ${format} format`,
      estimatedSeconds: await this.estimate(owner, request.card_ids?.length),
      idempotencyKey,
      identity: [params, run_at],
    });
  }

  private async estimate(owner: string, named: number | undefined): Promise<number> {
    const [row] =
      named === undefined
        ? await this.database.query<{ cards: number }>(
            `SELECT count(*)::integer AS cards
             FROM (SELECT FROM cards WHERE owner = $1 AND deleted_at IS NULL LIMIT $2) AS counted`,
            [owner, MOST_COUNTED],
          )
        : [{ cards: named }];
    return Math.max(1, Math.ceil((row?.cards ?? 0) / ESTIMATED_RATE));
  }
}

function isFormat(format: string): format is ExportFormat {
  return (exportFormats as readonly string[]).includes(format);
}
