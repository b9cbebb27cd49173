import { Command } from 'commander';
import { findConnection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { call } from '../gateway-client.js';
import { interruptible } from '../interrupt.js';
import type { Terminal } from '../terminal.js';
import { errorsCommand } from './errors.command.js';
import { exportCommand } from './export.command.js';
import { importCommand } from './import.command.js';
import { createDisplay } from './progress.js';
import { isEnded, type TaskView } from './task.js';
import { watchToEnd } from './watch-to-end.js';
import { statusPath, watchTask } from './watch.js';

interface Watching {
  readonly watch?: boolean;
  readonly json?: boolean;
}

const taskPath = (id: string, rest = ''): string => `/bulk/tasks/${encodeURIComponent(id)}${rest}`;

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
      'afterAll',
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
