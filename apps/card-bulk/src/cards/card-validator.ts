import type { Fault } from '@hornbook/contracts';
import { faultsOf } from '@hornbook/service-kit';
import { cardRowSchema, toCard, type Card, type CardRow } from './card.schema.js';
import { compile } from './compile-schema.js';

const isCardRow = compile(cardRowSchema);

/**
 * Checks one row of an import. A good row, the usual one, costs about a microsecond; only a bad one is given to the
 * schema itself, which knows the words for what is wrong.
 * @param row what JSON or CSV gave; never changed
 * @returns the card with its defaults, or every fault of the row; the row itself is called `row`
 */
export function validateCard(row: unknown): Card | Fault[] {
  if (isCardRow(row)) return toCard(row as CardRow);
  const parsed = cardRowSchema.safeParse(row, { reportInput: true });
  return parsed.success ? toCard(parsed.data) : faultsOf(parsed.error.issues, 'row');
}

/** What is wrong with a row of an import; undefined for a card. As `validateCard`, and makes nothing of a good row. */
export function cardFaults(row: unknown): Fault[] | undefined {
  if (isCardRow(row)) return undefined;
  const outcome = validateCard(row);
  return isFaulty(outcome) ? outcome : undefined;
}

/** Whether `validateCard` answered faults. */
export function isFaulty(outcome: Card | Fault[]): outcome is Fault[] {
  return Array.isArray(outcome);
}
