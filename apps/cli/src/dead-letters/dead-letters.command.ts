import { Command } from 'commander';
import { findConnection } from '../config.js';
import { call } from '../gateway-client.js';

interface Letter {
  readonly id: string;
  readonly consumer: string;
  readonly event: string | null;
  readonly reason: string;
  readonly error_message: string | null;
  readonly attempts: number;
  readonly parked_at: string;
}

interface Scope {
  readonly service: string;
  readonly json?: boolean;
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const path = (service: string, rest = ''): string =>
  `/internal/dead-letters/${encodeURIComponent(service)}${rest}`;

async function list({
  service,
  consumer,
  limit,
  json,
}: Scope & { consumer?: string; limit: string }): Promise<void> {
  const connection = findConnection();
  let cursor: string | null = null;
  let left = Number(limit);
  let count = 0;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(left, 200)),
      ...(consumer ? { consumer } : {}),
      ...(cursor ? { cursor } : {}),
    });
    const page = (await call(connection, 'GET', path(service, `?${query.toString()}`))) as {
      items: Letter[];
      next_cursor: string | null;
    };
    for (const letter of page.items) {
      print(
        json
          ? JSON.stringify(letter)
          : `${letter.id}  ${letter.parked_at}  ${letter.consumer}  ${letter.reason} after ${String(letter.attempts)}  ${letter.event ?? '(no event)'}  ${letter.error_message ?? ''}`,
      );
    }
    count += page.items.length;
    left -= page.items.length;
    cursor = page.next_cursor;
  } while (cursor !== null && left > 0);
  if (!json)
    print(
      count === 0
        ? `Nothing is parked in ${service}.`
        : `${String(count)} parked in ${service}${cursor === null ? '' : ' (there are more: raise --limit)'}.`,
    );
}

/** `hornbook dead-letters list | show | redrive | drop`. */
export function deadLettersCommand(): Command {
  const command = new Command('dead-letters')
    .exitOverride()
    .description('messages that a consumer could not handle');
  const withService = (name: string, description: string): Command =>
    command
      .command(name)
      .description(description)
      .requiredOption('-s, --service <name>', 'service that parked them, e.g. exporter');

  withService('list', 'list what is parked, oldest first')
    .option('-c, --consumer <name>', 'only of this consumer')
    .option('-l, --limit <count>', 'most lines', '200')
    .option('--json', 'one JSON object a line')
    .action(list);

  withService('show', 'show one with its body, error and history')
    .argument('<id>')
    .action(async (id: string, { service }: Scope) => {
      print(
        JSON.stringify(
          await call(findConnection(), 'GET', path(service, `/${encodeURIComponent(id)}`)),
          null,
          2,
        ),
      );
    });

  withService('redrive', 'send again: one by id, or the oldest of a consumer')
    .argument('[id]')
    .option('-c, --consumer <name>', 'all of this consumer, oldest first')
    .option('-l, --limit <count>', 'most messages', '100')
    .action(
      async (
        id: string | undefined,
        { service, consumer, limit }: Scope & { consumer?: string; limit: string },
      ) => {
        if ((id === undefined) === (consumer === undefined)) command.error('name either an id or --consumer');
        const answer =
          id === undefined
            ? await call(findConnection(), 'POST', path(service, '/redrive'), {
                consumer,
                limit: Number(limit),
              })
            : await call(findConnection(), 'POST', path(service, `/${encodeURIComponent(id)}/redrive`));
        const { redriven, failed } = answer as { redriven: number; failed: number };
        print(
          `${String(redriven)} sent again${failed > 0 ? `, ${String(failed)} not taken by the broker and still parked` : ''}.`,
        );
      },
    );

  withService('drop', 'decide that one will never be handled; the record stays')
    .argument('<id>')
    .action(async (id: string, { service }: Scope) => {
      await call(findConnection(), 'DELETE', path(service, `/${encodeURIComponent(id)}`));
      print(`${id} dropped.`);
    });

  return command;
}
