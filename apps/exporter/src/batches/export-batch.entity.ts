import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One batch: its id and exact bytes stand here before the first send, and every send uses them.
 * `due_at` is when somebody may take it next: at once, after a wait, or when the lease of the process that has it
 * ends; `claim` counts the takings and fences the outcome of an older one.
 */
@Entity('export_batches')
@Check('export_batches_state', `state IN ('ready', 'sending', 'waiting', 'confirmed', 'failed', 'replaced')`)
@Check('export_batches_size', 'dialogue_count BETWEEN 1 AND 50')
@Index('export_batches_due', { synchronize: false })
@Index('export_batches_by_state', ['state', 'batchId'])
@Index('export_batches_by_owner', ['owner', 'batchId'])
@Index('export_batches_by_owner_state', ['owner', 'state', 'batchId'])
export class ExportBatchRow {
  /** `batch-YYYY-MM-DD-HHMMSS`. */
  @PrimaryColumn('text', { name: 'batch_id', primaryKeyConstraintName: 'export_batches_pkey' })
  batchId!: string;

  /** All dialogues of a batch are one owner's: a bad one never holds up a stranger's. */
  @Column('text')
  owner!: string;

  @Column('text', { default: 'ready' })
  state!: string;

  /** The JSON text that is sent, to the byte. */
  @Column('text')
  body!: string;

  /** `payloadHash` of the request, as the platform computes it too. */
  @Column('text', { name: 'payload_hash' })
  payloadHash!: string;

  @Column('integer', { name: 'dialogue_count' })
  dialogueCount!: number;

  /** Failed sends that may be tried again. */
  @Column('integer', { default: 0 })
  attempts!: number;

  /** Times the platform put it off. */
  @Column('integer', { default: 0 })
  deferrals!: number;

  /** Times it was sent, as far as known: a killed process may have sent it or not. */
  @Column('integer', { default: 0 })
  sends!: number;

  /** How many ids were found taken by somebody else's batch before this one. */
  @Column('integer', { default: 0 })
  collisions!: number;

  @Column('bigint', { default: 0 })
  claim!: string;

  @Column('timestamptz', { name: 'due_at', default: () => 'now()' })
  dueAt!: Date;

  @Column('timestamptz', { name: 'first_sent_at', nullable: true })
  firstSentAt!: Date | null;

  @Column('timestamptz', { name: 'last_sent_at', nullable: true })
  lastSentAt!: Date | null;

  @Column('text', { name: 'last_error_type', nullable: true })
  lastErrorType!: string | null;

  @Column('text', { name: 'last_error', nullable: true })
  lastError!: string | null;

  /** The batch that took over what was left of this one. */
  @Column('text', { name: 'replaced_by', nullable: true })
  replacedBy!: string | null;

  /** `answer`, `read_back` or `event`. */
  @Column('text', { name: 'confirmed_by', nullable: true })
  confirmedBy!: string | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
