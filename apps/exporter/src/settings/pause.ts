import { queryRows, type Database, type Tx } from '@hornbook/database';

/** Whether exporting is paused, for all replicas. */
export interface PauseState {
  readonly paused: boolean;
  readonly reason: string | null;
  readonly pausedAt: Date | null;
  readonly nextExportAt: Date;
}

/** Nothing is sent from the commit on, until somebody resumes. The first reason stays. */
export async function pauseExports(tx: Tx, reason: string): Promise<void> {
  await queryRows(
    tx,
    `UPDATE export_settings SET paused = true, pause_reason = $1, paused_at = now() WHERE NOT paused`,
    [reason],
  );
}

/** Ends a pause. @returns whether there was one */
export async function resumeExports(tx: Tx): Promise<boolean> {
  const rows = await queryRows(
    tx,
    `UPDATE export_settings SET paused = false, pause_reason = NULL, paused_at = NULL WHERE paused RETURNING true`,
  );
  return rows.length > 0;
}

/** The state that all replicas obey. */
export async function readPause(database: Database): Promise<PauseState> {
  const [row] = await database.query<{
    paused: boolean;
    pause_reason: string | null;
    paused_at: Date | null;
    next_export_at: Date;
  }>(`SELECT paused, pause_reason, paused_at, next_export_at FROM export_settings`);
  if (!row) throw new Error('export_settings has lost its row');
  return {
    paused: row.paused,
    reason: row.pause_reason,
    pausedAt: row.paused_at,
    nextExportAt: row.next_export_at,
  };
}

/**
 * Whether the schedule strikes now; if so, it is set for the next time. Of all replicas one is told so, and a restart
 * neither forgets a strike nor makes one up.
 */
export async function strikeSchedule(database: Database, everySeconds: number): Promise<boolean> {
  const rows = await database.query(
    `UPDATE export_settings SET next_export_at = now() + $1 * interval '1 second'
     WHERE next_export_at <= now() AND NOT paused RETURNING true`,
    [everySeconds],
  );
  return rows.length > 0;
}
