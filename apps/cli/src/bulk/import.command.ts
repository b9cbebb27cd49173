import { Command, Option } from 'commander';
import { findConnection } from '../config.js';
import { ExitError } from '../exit.js';
import { Interruption, interruptible } from '../interrupt.js';
import type { Terminal } from '../terminal.js';
import {
  recognise,
  submitImport,
  type Accepted,
  type FileFormat,
  type ImportOptions,
  type ImportSource,
} from './import-file.js';
import { watchToEnd } from './watch-to-end.js';
import { wholeNumber } from './whole-number.js';

interface ImportFlags {
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly format?: FileFormat;
  readonly delimiter?: string;
  readonly onError?: string;
  readonly onDuplicate?: string;
  readonly matchOn?: string;
  readonly dryRun?: boolean;
  readonly maxErrors?: number;
  readonly publish: boolean;
  readonly idempotencyKey?: string;
}

/** What the flags say in the API's words; what is left out is left to the API. */
function importOptions({
  onError,
  onDuplicate,
  matchOn,
  dryRun,
  maxErrors,
  publish,
}: ImportFlags): ImportOptions {
  return {
    ...(onError === undefined ? {} : { on_error: onError }),
    ...(onDuplicate === undefined ? {} : { on_duplicate: onDuplicate }),
    ...(matchOn === undefined ? {} : { match_on: matchOn }),
    ...(dryRun === true ? { dry_run: true } : {}),
    ...(maxErrors === undefined ? {} : { max_errors: maxErrors }),
    ...(publish ? {} : { publish_business: false, publish_ideas: false }),
  };
}

/** The command with its options, which are those of the API. */
function describedCommand(): Command {
  return new Command('import')
    .exitOverride()
    .description(
      'import a file of cards: NDJSON or CSV (also .gz and .zst) of up to 1,000,000, JSON of up to 10,000',
    )
    .argument('<file>', 'path; - reads standard input')
    .addOption(
      new Option('-f, --format <format>', 'unless the name says it').choices(['ndjson', 'csv', 'json']),
    )
    .option('--delimiter <character>', 'of CSV (default: comma, tab for .tsv)')
    .addOption(
      new Option('--on-error <mode>', 'what a bad row costs').choices(['continue', 'abort', 'atomic']),
    )
    .addOption(
      new Option('--on-duplicate <mode>', 'what to do with cards that are there').choices([
        'insert',
        'skip',
        'update',
        'error',
      ]),
    )
    .addOption(
      new Option('--match-on <key>', 'what makes cards the same').choices([
        'auto',
        'external_id',
        'source_url',
        'content',
      ]),
    )
    .option('--max-errors <count>', 'give up after this many bad rows', wholeNumber)
    .option('--dry-run', 'say what would happen and write nothing')
    .option('--no-publish', 'publish nothing, whatever the privacy levels say')
    .option('--idempotency-key <key>', 'a second import with the same key is the first one')
    .option('-w, --watch', 'wait for the end and show how it goes on')
    .option('--json', 'print what the platform answers as JSON');
}

/** The file as its name and the flags say. */
function sourceOf(file: string, { format, delimiter }: ImportFlags): ImportSource {
  const source = recognise(file, format);
  return delimiter === undefined ? source : { ...source, delimiter };
}

/** Tells that an import was taken on, for a person or for a script. */
function tellAccepted(accepted: Accepted, { out }: Terminal, isJson: boolean): void {
  out.write(isJson ? `${JSON.stringify(accepted)}\n` : `${accepted.message}\n${accepted.task_id}\n`);
}

/** `hornbook bulk import`: sends a file, and on request waits until its cards are there. */
export function importCommand(terminal: Terminal): Command {
  return describedCommand().action((file: string, flags: ImportFlags) =>
    interruptible(async (signal) => {
      const source = sourceOf(file, flags);
      const connection = findConnection();
      const accepted = await submitImport(connection, source, importOptions(flags), {
        err: terminal.err,
        signal,
        ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
      }).catch((error: unknown) => {
        if (!(error instanceof Interruption)) throw error;
        throw new ExitError(error.exitCode, 'Stopped before the whole file was sent: no import was started');
      });
      if (flags.watch !== true) {
        tellAccepted(accepted, terminal, flags.json === true);
        return;
      }
      terminal.err.write(`${accepted.message} (task ${accepted.task_id})\n`);
      await watchToEnd(connection, accepted.task_id, { terminal, signal, ...flags });
    }),
  );
}
