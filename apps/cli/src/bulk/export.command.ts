import { Command, Option } from 'commander';
import { findConnection } from '../config.js';
import { ExitError } from '../exit.js';
import { call } from '../gateway-client.js';
import { Interruption, interruptible } from '../interrupt.js';
import type { Terminal } from '../terminal.js';
import { checkTarget, downloadFile } from './download.js';
import type { Accepted } from './import-file.js';
import { tellOutcome } from './outcome.js';
import { createDisplay } from './progress.js';
import { watchTask } from './watch.js';

interface ExportFlags {
  readonly format: 'json' | 'ndjson' | 'csv' | 'markdown';
  readonly output?: string;
  readonly privacy?: string[];
  readonly category?: string[];
  readonly id?: string[];
  readonly publishedOnly?: boolean;
  readonly metadata: boolean;
  readonly gzip?: boolean;
}

const endings = { json: 'json', ndjson: 'ndjson', csv: 'csv', markdown: 'md' } as const;

/** What the flags say in the API's words. */
function exportRequest({
  format,
  privacy,
  category,
  id,
  publishedOnly,
  metadata,
  gzip,
}: ExportFlags): object {
  return {
    format,
    include_metadata: metadata,
    ...(privacy ? { privacy_levels: privacy } : {}),
    ...(category ? { categories: category } : {}),
    ...(id ? { card_ids: id } : {}),
    ...(publishedOnly === true ? { published_only: true } : {}),
    ...(gzip === true ? { gzip: true } : {}),
  };
}

/** `hornbook bulk export`: starts an export, waits for it and fetches its file. */
export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .exitOverride()
    .description('export cards into a file')
    .addOption(
      new Option('-f, --format <format>').choices(['json', 'ndjson', 'csv', 'markdown']).default('ndjson'),
    )
    .option('-o, --output <file>', 'path; - writes standard output (default: cards.<format>)')
    .option('--privacy <levels...>', 'only of these privacy levels')
    .option('--category <names...>', 'only of these categories')
    .option('--id <ids...>', 'only these cards')
    .option('--published-only', 'only published ones')
    .option('--no-metadata', 'without the member metadata')
    .option('-z, --gzip', 'packed')
    .action((flags: ExportFlags) =>
      interruptible(async (signal) => {
        const connection = findConnection();
        const to = flags.output ?? `cards.${endings[flags.format]}${flags.gzip === true ? '.gz' : ''}`;
        await checkTarget(to);
        // The file may be standard output: everything else is told beside it.
        const aside: Terminal = { out: terminal.err, err: terminal.err };
        const accepted = (await call(connection, 'POST', '/bulk/export', exportRequest(flags), {
          signal,
        })) as Accepted;
        terminal.err.write(`${accepted.message} (task ${accepted.task_id})\n`);
        const task = await watchTask(connection, accepted.task_id, createDisplay(terminal.err), signal);
        tellOutcome(task, aside);
        try {
          const path = `/bulk/tasks/${encodeURIComponent(accepted.task_id)}/file`;
          const size = await downloadFile(connection, path, to, { out: terminal.out, signal });
          if (to !== '-') terminal.err.write(`${to}: ${size.toLocaleString('en-US')} bytes\n`);
        } catch (error) {
          if (!(error instanceof Interruption)) throw error;
          throw new ExitError(error.exitCode, `Stopped while fetching the file; ${to} was not written`);
        }
      }),
    );
}
