import { Command, InvalidArgumentError, Option } from 'commander';
import { findConnection, type Connection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { call } from '../gateway-client.js';
import { Interruption, interruptible } from '../interrupt.js';
import type { Terminal } from '../terminal.js';
import { errorsCommand } from './errors.command.js';
import { exportCommand } from './export.command.js';
import { recognise, submitImport, type FileFormat, type ImportOptions } from './import-file.js';
import { tellOutcome } from './outcome.js';
import { createDisplay } from './progress.js';
import { isEnded, type TaskView } from './task.js';
import { statusPath, watchTask } from './watch.js';

interface Watching {
  readonly watch?: boolean;
  readonly json?: boolean;
}

interface ImportFlags extends Watching {
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

/** A whole number from 0 on. @throws InvalidArgumentError */
export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(value);
}

const taskPath = (id: string, rest = ''): string => `/bulk/tasks/${encodeURIComponent(id)}${rest}`;

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

/** Watches a task to its end and says what became of it. */
async function watchToEnd(
  connection: Connection,
  taskId: string,
  {
    terminal,
    json,
    signal,
  }: { readonly terminal: Terminal; readonly json?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const task = await watchTask(connection, taskId, createDisplay(terminal.err), signal);
  tellOutcome(task, terminal, json === true);
}

function importCommand(terminal: Terminal): Command {
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
    .option('--json', 'print what the platform answers as JSON')
    .action((file: string, flags: ImportFlags) =>
      interruptible(async (signal) => {
        const source = recognise(file, flags.format);
        const connection = findConnection();
        const accepted = await submitImport(
          connection,
          flags.delimiter === undefined ? source : { ...source, delimiter: flags.delimiter },
          importOptions(flags),
          {
            err: terminal.err,
            signal,
            ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
          },
        ).catch((error: unknown) => {
          if (!(error instanceof Interruption)) throw error;
          throw new ExitError(
            error.exitCode,
            'Stopped before the whole file was sent: no import was started',
          );
        });
        if (flags.watch !== true) {
          terminal.out.write(
            flags.json === true
              ? `${JSON.stringify(accepted)}\n`
              : `${accepted.message}\n${accepted.task_id}\n`,
          );
          return;
        }
        terminal.err.write(`${accepted.message} (task ${accepted.task_id})\n`);
        await watchToEnd(connection, accepted.task_id, { terminal, signal, ...flags });
      }),
    );
}

function watchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .exitOverride()
    .description('wait for the end of an operation and show how it goes on')
    .argument('<task-id>')
    .option('--json', 'print the status at the end as JSON')
    .action((id: string, flags: Watching) =>
      interruptible((signal) => watchToEnd(findConnection(), id, { terminal, signal, ...flags })),
    );
}

function cancelCommand(terminal: Terminal): Command {
  return new Command('cancel')
    .exitOverride()
    .description('stop an operation; what it has done stays done')
    .argument('<task-id>')
    .option('-w, --watch', 'wait until it has stopped')
    .action((id: string, flags: Watching) =>
      interruptible(async (signal) => {
        const connection = findConnection();
        let task = (await call(connection, 'DELETE', taskPath(id), undefined, { signal })) as TaskView;
        if (flags.watch === true && !isEnded(task))
          task = await watchTask(connection, id, createDisplay(terminal.err), signal);
        if (task.status === 'SUCCESS' || task.status === 'FAILURE')
          throw new ExitError(exitCodes.refused, `Too late: task ${id} has ended as ${task.status}`);
        terminal.out.write(
          task.status === 'REVOKED' ? `Task ${id} is cancelled.\n` : `Task ${id} stops at its next step.\n`,
        );
      }),
    );
}

function resumeCommand(terminal: Terminal): Command {
  return new Command('resume')
    .exitOverride()
    .description('let an operation that failed or was cancelled go on where it stands')
    .argument('<task-id>')
    .option('-w, --watch', 'wait for the end and show how it goes on')
    .option('--json', 'print the status at the end as JSON')
    .action((id: string, flags: Watching) =>
      interruptible(async (signal) => {
        const connection = findConnection();
        const task = (await call(connection, 'POST', taskPath(id, '/resume'), undefined, {
          signal,
        })) as TaskView;
        if (flags.watch === true) await watchToEnd(connection, id, { terminal, signal, ...flags });
        else terminal.out.write(flags.json === true ? `${JSON.stringify(task)}\n` : `Task ${id} goes on.\n`);
      }),
    );
}

function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .exitOverride()
    .description('how far an operation is')
    .argument('<task-id>')
    .action(async (id: string) => {
      const task = await call(findConnection(), 'GET', statusPath(id));
      terminal.out.write(`${JSON.stringify(task, null, 2)}\n`);
    });
}

/** `hornbook bulk import | export | errors | watch | status | cancel | resume`. */
export function bulkCommand(terminal: Terminal): Command {
  return new Command('bulk')
    .exitOverride()
    .description('cards by the thousand: import, export, and what became of it')
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 refused, or not reachable; 2 wrong usage; 3 some rows failed; 4 the operation failed;
5 it was cancelled; 130 Ctrl-C (an operation that was started goes on).`,
    )
    .addCommand(importCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(errorsCommand(terminal))
    .addCommand(watchCommand(terminal))
    .addCommand(statusCommand(terminal))
    .addCommand(cancelCommand(terminal))
    .addCommand(resumeCommand(terminal));
}
