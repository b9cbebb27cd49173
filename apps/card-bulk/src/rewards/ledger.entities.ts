import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** One entry of the ledger; a trigger refuses every change and removal. */
@Entity('extropy_ledger')
@Check('extropy_ledger_amount_check', 'amount > 0')
@Check('extropy_ledger_type_check', `type IN ('earn', 'transfer', 'reward', 'attribution')`)
@Unique('extropy_ledger_card_id_type_key', ['cardId', 'type'])
@Index('idx_extropy_ledger_to_user', ['toUser', 'id'])
export class LedgerEntry {
  /** Grows in the order of the owner's running balance. */
  @PrimaryColumn({
    type: 'bigint',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'extropy_ledger_pkey',
  })
  id!: string;

  /** null: the platform. */
  @Column({ name: 'from_user', type: 'varchar', length: 200, nullable: true })
  fromUser!: string | null;

  @Column({ name: 'to_user', type: 'varchar', length: 200 })
  toUser!: string;

  @Column({ type: 'numeric', precision: 20, scale: 8 })
  amount!: string;

  @Column({ type: 'varchar', length: 20 })
  type!: 'earn' | 'transfer' | 'reward' | 'attribution';

  @Column({ name: 'card_id', type: 'uuid', nullable: true })
  cardId!: string | null;

  @Column({ name: 'to_balance_after', type: 'numeric', precision: 20, scale: 8 })
  toBalanceAfter!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'jsonb', default: () => `'{}'` })
  metadata!: Record<string, unknown>;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}

/** The sum of an owner's entries, kept with them. */
@Entity('extropy_balances')
@Check('extropy_balances_balance_check', 'balance >= 0')
export class Balance {
  @PrimaryColumn({ type: 'varchar', length: 200, primaryKeyConstraintName: 'extropy_balances_pkey' })
  owner!: string;

  @Column({ type: 'numeric', precision: 20, scale: 8 })
  balance!: string;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;
}
