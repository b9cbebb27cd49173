import type { Role } from '@hornbook/contracts';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An API key: an identity with one secret, or two while it is being rotated. */
@Entity('api_keys')
@Index('api_keys_owner_name', ['owner', 'name'], { unique: true, where: 'revoked_at IS NULL' })
@Index('api_keys_owner', ['owner', 'id'])
@Index('api_keys_made_by', ['madeBy'])
@Check('api_keys_previous', '(previous_hash IS NULL) = (previous_valid_until IS NULL)')
export class ApiKey {
  /** UUIDv7. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_keys_pkey' })
  id!: string;

  /** `hb_live_` and the public half. */
  @Column('text')
  @Index('api_keys_prefix', { unique: true })
  prefix!: string;

  /** SHA-256 of the whole key. */
  @Column('bytea')
  hash!: Buffer;

  /** SHA-256 of the key before the last rotation, while that is still accepted. */
  @Column('bytea', { name: 'previous_hash', nullable: true })
  previousHash!: Buffer | null;

  @Column('timestamptz', { name: 'previous_valid_until', nullable: true })
  previousValidUntil!: Date | null;

  @Column('text')
  name!: string;

  /** Whose records the key touches. */
  @Column('text')
  owner!: string;

  /** Who made it: a user, or `key:<id>`. */
  @Column('text', { name: 'made_by' })
  madeBy!: string;

  @Column('text', { array: true })
  roles!: Role[];

  @Column('text', { array: true })
  scopes!: string[];

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  /** To the minute. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;
}
