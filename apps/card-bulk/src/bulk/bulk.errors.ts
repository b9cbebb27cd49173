import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { MAX_CARDS } from './limits.js';

const count = MAX_CARDS.toLocaleString('en-US');

/** 400 in the words of seed 002, section "Common Errors"; the fault names the member too. */
export class SeedRefusal extends ValidationError {
  constructor(field: string, code: string, detail: string) {
    super([{ field, error: detail, code }], detail);
  }
}

/** No cards, or too many of them. */
export function refuseCardCount(given: number): void {
  if (given === 0) throw new SeedRefusal('cards', 'too_few', 'No cards provided for import');
  if (given > MAX_CARDS)
    throw new SeedRefusal('cards', 'too_many', `Maximum ${count} cards per import operation`);
}

/** No ids, or too many of them. @param operation "deletion" or "restoration" */
export function refuseIdCount(given: number, operation: string, verb: string): void {
  if (given === 0) throw new SeedRefusal('card_ids', 'too_few', `No card IDs provided for ${operation}`);
  if (given > MAX_CARDS)
    throw new SeedRefusal('card_ids', 'too_many', `Maximum ${count} cards per ${verb} operation`);
}

/** 400: an export format that there is not. */
export class InvalidFormatError extends SeedRefusal {
  constructor() {
    super('format', 'invalid_value', 'Invalid format. Must be one of: json, markdown, csv');
  }
}

/** 409: the file of an export that is not written yet, or of a task that writes none. */
export class NoFileError extends ProblemError {
  constructor(id: string, status: string) {
    super('conflict', {
      detail: `Task ${id} is ${status} and has no file; only a successful export has one`,
    });
  }
}

/** 409: a filter matches another number of cards than the caller expected. */
export class CountMismatchError extends ProblemError {
  constructor(expected: number, found: number) {
    super('conflict', {
      detail: `The filter matches ${found} cards, confirm_count says ${expected}; nothing was deleted`,
      members: { matching_cards: found },
    });
  }
}
