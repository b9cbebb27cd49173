import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The one row that all replicas obey: whether exporting is paused and why, and when the schedule strikes next. */
@Entity('export_settings')
@Check('export_settings_only', 'singleton')
export class ExportSettingsRow {
  @PrimaryColumn('boolean', { default: true, primaryKeyConstraintName: 'export_settings_pkey' })
  singleton!: boolean;

  @Column('boolean', { default: false })
  paused!: boolean;

  @Column('text', { name: 'pause_reason', nullable: true })
  pauseReason!: string | null;

  @Column('timestamptz', { name: 'paused_at', nullable: true })
  pausedAt!: Date | null;

  @Column('timestamptz', { name: 'next_export_at', default: () => 'now()' })
  nextExportAt!: Date;
}
