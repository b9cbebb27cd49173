#!/usr/bin/env node
import { CommanderError } from 'commander';
import { NoConnectionError } from './config.js';
import { RefusedError } from './gateway-client.js';
import { program } from './program.js';

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const known = error instanceof RefusedError || error instanceof NoConnectionError;
    process.stderr.write(`${known ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
