import { rm } from 'node:fs/promises';
import { freePort } from '@hornbook/testing';
import { api, sample } from '../start/main-job.ts';
import { stateFolder } from '../start/paths.ts';
import { startPlatform } from '../start/platform.ts';
import { say } from '../start/printing.ts';

// npm run demo: what the platform says to bad input, on a platform of its own that is gone afterwards.

interface Result {
  readonly index: number;
  readonly status: string;
  readonly external_id?: string;
  readonly errors?: readonly { readonly field: string; readonly error: string }[];
}

function scene(title: string): void {
  say(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`);
}

const platform = await startPlatform({
  port: await freePort(),
  databaseUrl: process.env['DATABASE_URL'],
  rabbitmqUrl: process.env['RABBITMQ_URL'],
});
try {
  const { info } = platform;

  scene('1. Eight dialogues, seven of them bad (tools/sample/not-ok.ndjson)');
  const dialogues = await sample('not-ok.ndjson');
  const answer = await api<{ results: Result[]; accepted: number; rejected: number }>(
    info,
    'POST',
    '/api/v1/exports/dialogues',
    { dialogues },
  );
  for (const { index, status, external_id, errors = [] } of answer.results) {
    say(`line ${String(index + 1)}  ${status.padEnd(8)}  ${external_id ?? ''}`);
    for (const { field, error } of errors) say(`          ${field}: ${error}`);
  }
  say(
    `${String(answer.accepted)} accepted, ${String(answer.rejected)} refused: a bad one costs only itself.`,
  );

  scene('2. A batch with several faults: all of them at once');
  const batch = {
    batch_id: 'batch-2026-01-15-103045',
    source: 'demo',
    dialogues: [
      {
        title: 'At the market',
        category_name: 'Shopping',
        difficulty_level: 'beginner',
        phrases: [
          { reference_text: 'How much are the apples?', order: 1, speaker: 'A' },
          { reference_text: 'Two', order: 3, speaker: 'C' },
        ],
      },
    ],
  };
  await show('POST', '/api/v1/admin/bulk-import', batch);

  scene('3. The same batch twice: the second answer is the first one, not a second copy');
  const [dialogue] = batch.dialogues;
  const good = {
    ...batch,
    dialogues: [
      {
        ...dialogue,
        category_name: 'General',
        phrases: [
          { reference_text: 'How much are the apples?', order: 1, speaker: 'A' },
          { reference_text: 'Two pounds a kilo, madam.', order: 2, speaker: 'B' },
        ],
      },
    ],
  };
  await show('POST', '/api/v1/admin/bulk-import', good);
  await show('POST', '/api/v1/admin/bulk-import', good);

  scene('4. Nobody, and somebody who may not');
  await show('GET', '/api/v1/exports/status', undefined, {});
  await show('POST', '/api/v1/admin/bulk-import', good, { authorization: `Bearer ${info.tokens.reviewer}` });

  async function show(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: `Bearer ${info.apiKey}` },
  ): Promise<void> {
    const response = await fetch(`${info.gateway}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    say(`${method} ${path} → ${String(response.status)}`);
    say(JSON.stringify(await response.json(), null, 2));
  }
} finally {
  await platform.stop();
  await rm(stateFolder, { recursive: true, force: true });
}
process.exit(0);
