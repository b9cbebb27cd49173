import { Command } from 'commander';
import { findConnection } from '../config.js';
import { call } from '../gateway-client.js';

/** `hornbook outbox resend`: for a broker that lost its data. */
export function outboxCommand(): Command {
  const command = new Command('outbox').exitOverride().description('events that a service has sent');
  command
    .command('resend')
    .description('send again what was confirmed since a time; consumers recognise what they already had')
    .requiredOption('-s, --service <name>', 'service whose events, e.g. content-import')
    .requiredOption('--since <time>', 'RFC 3339, e.g. 2026-11-21T08:00:00Z')
    .action(async ({ service, since }: { service: string; since: string }) => {
      const path = `/internal/outbox/${encodeURIComponent(service)}/resend`;
      const { events } = (await call(findConnection(), 'POST', path, { since })) as { events: number };
      process.stdout.write(`${String(events)} event(s) of ${service} will be sent again.\n`);
    });
  return command;
}
