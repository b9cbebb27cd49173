import { Command } from 'commander';
import { deadLettersCommand } from './dead-letters/dead-letters.command.js';
import { outboxCommand } from './outbox/outbox.command.js';

/** The `hornbook` command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage. */
export function program(): Command {
  return new Command('hornbook')
    .description(
      'Hornbook on the command line. Speaks to the gateway of HORNBOOK_URL with HORNBOOK_TOKEN, or to the one npm start runs here.',
    )
    .exitOverride()
    .addCommand(deadLettersCommand())
    .addCommand(outboxCommand());
}
