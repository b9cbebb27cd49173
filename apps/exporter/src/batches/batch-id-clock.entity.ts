import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The last second that was given to a batch as its id; one row, whose lock makes ids unique. */
@Entity('batch_id_clock')
@Check('batch_id_clock_only', 'singleton')
export class BatchIdClockRow {
  @PrimaryColumn('boolean', { default: true, primaryKeyConstraintName: 'batch_id_clock_pkey' })
  singleton!: boolean;

  @Column('timestamptz')
  last!: Date;
}
