import { Command } from 'commander';
import { bulkCommand } from './bulk/bulk.command.js';
import { deadLettersCommand } from './dead-letters/dead-letters.command.js';
import { outboxCommand } from './outbox/outbox.command.js';
import { ownTerminal, type Terminal } from './terminal.js';

/** The `hornbook` command line. Its exit codes stand in `exit.ts`. */
export function program(terminal: Terminal = ownTerminal): Command {
  return new Command('hornbook')
    .description(
      'Hornbook on the command line. Speaks to the gateway of HORNBOOK_URL with HORNBOOK_TOKEN, or to the one npm start runs here.',
    )
    .exitOverride()
    .addCommand(bulkCommand(terminal))
    .addCommand(deadLettersCommand())
    .addCommand(outboxCommand());
}
