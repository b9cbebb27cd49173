import { Command } from 'commander';
import { bulkCommand } from './bulk/bulk.command.js';
import { deadLettersCommand } from './dead-letters/dead-letters.command.js';
import { outboxCommand } from './outbox/outbox.command.js';
import { ownTerminal, type Terminal } from './terminal.js';

/** Has a command and those below it write to the terminal; commander gives that on to no command that is added whole. */
function connect(command: Command, terminal: Terminal): Command {
  command.configureOutput({
    writeOut: (text) => terminal.out.write(text),
    writeErr: (text) => terminal.err.write(text),
  });
  for (const below of command.commands) connect(below, terminal);
  return command;
}

/** The `hornbook` command line. Its exit codes stand in `exit.ts`. */
export function program(terminal: Terminal = ownTerminal): Command {
  const command = new Command('hornbook')
    .description(
      'Hornbook on the command line. Speaks to the gateway of HORNBOOK_URL with HORNBOOK_TOKEN, or to the one npm start runs here.',
    )
    .exitOverride()
    .addCommand(bulkCommand(terminal))
    .addCommand(deadLettersCommand())
    .addCommand(outboxCommand());
  return connect(command, terminal);
}
