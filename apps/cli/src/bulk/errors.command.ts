import { Command, Option } from 'commander';
import { findConnection, type Connection } from '../config.js';
import { call } from '../gateway-client.js';
import { interruptible } from '../interrupt.js';
import { printable, type Terminal } from '../terminal.js';
import { downloadFile } from './download.js';
import { positiveNumber } from './whole-number.js';

interface RowError {
  readonly index: number;
  readonly line: number | null;
  readonly title?: string | null;
  readonly field: string | null;
  readonly code: string;
  readonly error: string;
}

interface ErrorsFlags {
  readonly format: 'text' | 'csv' | 'ndjson';
  readonly output: string;
  readonly limit: number;
}

/** Most errors of one page of the API. */
const MAX_PAGE = 200;

/** One error as a line: `line 5 (row 3)  title: String is empty  [too_short]`. */
export function errorLine({ index, line, title, field, code, error }: RowError): string {
  const place = line === null ? `row ${index}` : `line ${line} (row ${index})`;
  const name = title ? `  ${JSON.stringify(title.slice(0, 40))}` : '';
  return printable(`${place}${name}  ${field === null ? '' : `${field}: `}${error}  [${code}]`);
}

async function listErrors(
  connection: Connection,
  path: string,
  limit: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  let cursor: string | null = null;
  let left = limit;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(left, MAX_PAGE)),
      ...(cursor === null ? {} : { cursor }),
    });
    const page = (await call(connection, 'GET', `${path}?${query.toString()}`, undefined, { signal })) as {
      items: RowError[];
      next_cursor: string | null;
    };
    for (const item of page.items) terminal.out.write(`${errorLine(item)}\n`);
    left -= page.items.length;
    cursor = page.items.length === 0 ? null : page.next_cursor;
  } while (cursor !== null && left > 0);
  if (cursor !== null) terminal.err.write('There are more: raise --limit, or fetch all with --format csv.\n');
  else if (left === limit) terminal.err.write('No row failed.\n');
}

/** `hornbook bulk errors`: which rows failed and why; as a file, ready to mend and import again. */
export function errorsCommand(terminal: Terminal): Command {
  return new Command('errors')
    .exitOverride()
    .description('rows that failed and why; as CSV or NDJSON ready to mend and import again')
    .argument('<task-id>')
    .addOption(new Option('-f, --format <format>').choices(['text', 'csv', 'ndjson']).default('text'))
    .option('-o, --output <file>', 'path of the CSV or NDJSON; - writes standard output', '-')
    .option('-l, --limit <count>', 'most lines of text', positiveNumber, 1000)
    .action((id: string, { format, output, limit }: ErrorsFlags) =>
      interruptible(async (signal) => {
        const connection = findConnection();
        const path = `/bulk/tasks/${encodeURIComponent(id)}/errors`;
        if (format === 'text') await listErrors(connection, path, limit, terminal, signal);
        else
          await downloadFile(connection, `${path}?format=${format}`, output, { out: terminal.out, signal });
      }),
    );
}
