import type { Identity } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Injectable, Logger } from '@nestjs/common';
import { BatchFormer } from '../batches/batch-former.js';
import { batchStates } from '../batches/batches.schemas.js';
import { Dispatcher } from '../batches/dispatcher.js';
import { ExportSchedule } from '../batches/export-schedule.js';
import { syncStatuses } from '../dialogues/dialogues.schemas.js';
import { Circuit } from '../platform/circuit.js';
import { readPause, resumeExports } from '../settings/pause.js';
import { visibleOwner } from '../visibility.js';
import { ExportsPausedError } from './exports.errors.js';
import type { ExportResumed, ExportStarted, ExportStatus } from './exports.schemas.js';

/** Exporting as a whole: start it, see where it stands, go on after a pause. */
@Injectable()
export class ExportsService {
  private readonly logger = new Logger(ExportsService.name);

  constructor(
    private readonly database: Database,
    private readonly former: BatchFormer,
    private readonly dispatcher: Dispatcher,
    private readonly schedule: ExportSchedule,
    private readonly circuit: Circuit,
  ) {}

  /** Puts everything of the caller's that is ready into batches, which leave at once. @throws ExportsPausedError */
  async exportNow(caller: Identity): Promise<ExportStarted> {
    const pause = await readPause(this.database);
    if (pause.paused) throw new ExportsPausedError(pause.reason);
    const formed = await this.former.form({ everything: true, owner: visibleOwner(caller) ?? undefined });
    if (formed.batches > 0) this.dispatcher.ring();
    return formed;
  }

  /** Ends a pause, for all replicas. */
  async resume({ sub }: Identity): Promise<ExportResumed> {
    const wasPaused = await this.database.transaction(resumeExports);
    if (wasPaused) this.logger.log({ msg: 'exporting resumed', by: sub });
    this.schedule.ring();
    this.dispatcher.ring();
    return { paused: false, was_paused: wasPaused };
  }

  /** Counts by state, pause, circuit, schedule. */
  async status(caller: Identity): Promise<ExportStatus> {
    const owner = visibleOwner(caller);
    const pause = await readPause(this.database);
    return {
      dialogues: await this.count('sync_status', 'status', syncStatuses, owner),
      batches: await this.count('export_batches', 'state', batchStates, owner),
      failures: { unresolved: await this.unresolved(owner) },
      paused: pause.paused,
      pause_reason: pause.reason,
      paused_at: pause.pausedAt?.toISOString() ?? null,
      circuit: this.circuit.standing,
      next_export_at: pause.nextExportAt.toISOString(),
    };
  }

  private async count<Word extends string>(
    table: 'sync_status' | 'export_batches',
    column: 'status' | 'state',
    words: readonly Word[],
    owner: string | null,
  ): Promise<Record<Word, number>> {
    const rows = await this.database.query<{ word: Word; count: number }>(
      `SELECT ${column} AS word, count(*)::float8 AS count FROM ${table} ${owner === null ? '' : 'WHERE owner = $1'} GROUP BY ${column}`,
      owner === null ? [] : [owner],
    );
    const found = new Map(rows.map(({ word, count }) => [word, count]));
    return Object.fromEntries(words.map((word) => [word, found.get(word) ?? 0])) as Record<Word, number>;
  }

  private async unresolved(owner: string | null): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM export_failures WHERE resolved_at IS NULL ${owner === null ? '' : 'AND owner = $1'}`,
      owner === null ? [] : [owner],
    );
    return row?.count ?? 0;
  }
}
