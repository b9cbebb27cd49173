import { pageOf, pageQueryFields } from '@hornbook/contracts';
import { z } from 'zod';
import { ownerQueryFields } from '../access/acting-for.js';

/** Tokens as a decimal with eight places. */
const tokens = z.string().regex(/^\d+\.\d{8}$/);

/** Answer of `GET /extropy/balance`. */
export const balanceSchema = z
  .object({ owner: z.string(), balance: tokens, updated_at: z.iso.datetime().nullable() })
  .meta({ id: 'ExtropyBalance' });
/** Answer of `GET /extropy/balance`. */
export type BalanceView = z.output<typeof balanceSchema>;

/** An entry of the ledger. */
export const ledgerEntrySchema = z
  .object({
    id: z.string().describe('Grows with time'),
    from_user: z.string().nullable().describe('null: the platform'),
    to_user: z.string(),
    amount: tokens,
    type: z.enum(['earn', 'transfer', 'reward', 'attribution']),
    card_id: z.guid().nullable(),
    balance_after: tokens,
    description: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'ExtropyLedgerEntry' });

/** Query of the ledger. */
export const ledgerQuerySchema = z.strictObject({ ...pageQueryFields, ...ownerQueryFields });
/** Query of the ledger. */
export type LedgerQuery = z.output<typeof ledgerQuerySchema>;

/** Answer of the ledger. */
export const ledgerPageSchema = pageOf(ledgerEntrySchema).meta({ id: 'ExtropyLedgerPage' });
/** Answer of the ledger. */
export type LedgerPage = z.output<typeof ledgerPageSchema>;
