#!/usr/bin/env node
import { CommanderError } from 'commander';
import { NoConnectionError } from './config.js';
import { exitCodes, ExitError } from './exit.js';
import { RefusedError } from './gateway-client.js';
import { program } from './program.js';

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else if (error instanceof ExitError) {
    if (error.message !== '') process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    const known = error instanceof RefusedError || error instanceof NoConnectionError;
    process.stderr.write(`${known ? error.message : String(error)}\n`);
    process.exitCode = exitCodes.refused;
  }
}
