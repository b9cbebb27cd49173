import { CommanderError } from 'commander';
import { NoConnectionError } from './config.js';
import { exitCodes, ExitError } from './exit.js';
import { RefusedError } from './gateway-client.js';
import { program } from './program.js';
import type { Terminal } from './terminal.js';

/**
 * Runs one command line to its end; says what went wrong.
 * @param args what follows the name of the program
 * @returns the exit code
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has said what is wrong by itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const isKnown =
      error instanceof ExitError || error instanceof RefusedError || error instanceof NoConnectionError;
    const message = isKnown ? error.message : String(error);
    if (message !== '') terminal.err.write(`${message}\n`);
    return error instanceof ExitError ? error.exitCode : exitCodes.refused;
  }
}
