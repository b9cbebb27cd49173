import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, stateFolder } from './paths.ts';
import type { RunInfo } from './platform.ts';
import { say, StartError, table } from './printing.ts';

interface SubmissionAnswer {
  readonly results: readonly {
    readonly index: number;
    readonly status: string;
    readonly id?: string;
    readonly errors?: unknown;
  }[];
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

interface Dialogue {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly batch_id: string | null;
  readonly pronielts_dialog_id: number | null;
}

interface Batch {
  readonly results: readonly { readonly dialog_id: number; readonly phrase_ids: readonly number[] }[];
}

/** Longest time the sample may take from submission to the last confirmation. */
const JOB_MS = 120_000;

/** One call through the gateway with the local API key. @throws StartError with the answer when it is refused */
export async function api<Answer>(
  run: RunInfo,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${run.gateway}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${run.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new StartError(`${method} ${path} answered ${String(response.status)}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as Answer;
}

/** Lines of an NDJSON file in `tools/sample`. */
export async function sample(name: string): Promise<unknown[]> {
  const text = await readFile(join(root, 'tools', 'sample', name), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** Those of `ids` that the exporter knows, newest first, reading no more pages than needed. */
async function dialoguesOf(run: RunInfo, ids: ReadonlySet<string>): Promise<Dialogue[]> {
  const found: Dialogue[] = [];
  let cursor: string | null = null;
  do {
    const query: string = new URLSearchParams({ limit: '200', ...(cursor ? { cursor } : {}) }).toString();
    const page: { items: Dialogue[]; next_cursor: string | null } = await api(
      run,
      'GET',
      `/api/v1/exports/dialogues?${query}`,
    );
    found.push(...page.items.filter(({ id }) => ids.has(id)));
    cursor = page.next_cursor;
  } while (cursor !== null && found.length < ids.size);
  return found;
}

/** What the platform holds of these dialogues, read back batch by batch. */
async function readBack(
  run: RunInfo,
  dialogues: readonly Dialogue[],
): Promise<{ imported: number; phrases: number }> {
  const ids = new Set(dialogues.map(({ pronielts_dialog_id }) => pronielts_dialog_id));
  const batches = [...new Set(dialogues.flatMap(({ batch_id }) => (batch_id === null ? [] : [batch_id])))];
  let imported = 0;
  let phrases = 0;
  for (const batchId of batches) {
    const { results } = await api<Batch>(run, 'GET', `/api/v1/admin/bulk-import/${batchId}`);
    const ours = results.filter(({ dialog_id }) => ids.has(dialog_id));
    imported += ours.length;
    phrases += ours.reduce((sum, { phrase_ids }) => sum + phrase_ids.length, 0);
  }
  return { imported, phrases };
}

/**
 * The main job: submits the bundled sample, has it exported in batches, waits for the confirmations, reads back what
 * the platform holds, and prints the account. Safe to repeat: what is there already is found again.
 * @returns whether every dialogue arrived
 */
export async function runMainJob(run: RunInfo): Promise<boolean> {
  const dialogues = await sample('dialogues.ndjson');
  say(`\nExporting the ${String(dialogues.length)} sample dialogues (tools/sample/dialogues.ndjson) …`);
  const startedAt = performance.now();
  const submission = await api<SubmissionAnswer>(run, 'POST', '/api/v1/exports/dialogues', { dialogues });
  const rejected = submission.results.filter(({ status }) => status === 'rejected');
  for (const { index, errors } of rejected.slice(0, 5))
    say(`  line ${String(index + 1)} refused: ${JSON.stringify(errors)}`);
  if (submission.accepted > 0) await api(run, 'POST', '/api/v1/exports');
  const ids = new Set(submission.results.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const states = await settled(run, ids);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const confirmed = states.filter(({ status }) => status === 'confirmed');
  const { imported, phrases } = await readBack(run, confirmed);
  const categories = await api<{ items: unknown[] }>(run, 'GET', '/api/v1/categories?limit=200');
  const failures = states.filter(({ status }) => status === 'failed').length;
  say(
    `\n${table([
      ['submitted', dialogues.length],
      ['  new', submission.accepted],
      ['  there already', submission.duplicates],
      ['  refused', submission.rejected],
      ['exported', confirmed.length],
      ['imported', imported],
      ['phrases', phrases],
      ['categories', categories.items.length],
      ['failures', failures],
      ['seconds', seconds],
    ])}`,
  );
  const complete = imported === dialogues.length && failures === 0;
  if (submission.accepted === 0 && complete)
    say('\nNothing was new: all of it had arrived before, and nothing was changed.');
  else if (complete) say('\nEvery dialogue arrived, each exactly once.');
  else say('\nNot everything arrived; see GET /api/v1/exports/failures and the logs in .hornbook/logs.');
  say(`\nAPI page    ${run.gateway}/docs`);
  say(`Run file    ${relative(process.cwd(), join(stateFolder, 'run.json'))} (addresses, tokens, API key)`);
  say(`Try         curl -H 'X-User-Id: ada' '${run.gateway}/api/v1/dialogs?category=Travel&limit=2'`);
  return complete;
}

async function settled(run: RunInfo, ids: ReadonlySet<string>): Promise<Dialogue[]> {
  const deadline = Date.now() + JOB_MS;
  for (;;) {
    const states = await dialoguesOf(run, ids);
    const open = states.filter(({ status }) => status === 'ready' || status === 'batched').length;
    if (open === 0 || Date.now() > deadline) return states;
    await sleep(100);
  }
}
