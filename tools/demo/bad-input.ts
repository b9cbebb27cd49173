import { isDeepStrictEqual } from 'node:util';
import { sample } from '../start/main-job.ts';
import { pipeline, type Caller, type Story } from './story.ts';

interface Result {
  readonly index: number;
  readonly status: string;
  readonly external_id?: string;
  readonly errors?: readonly { readonly field: string; readonly error: string }[];
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly { readonly field: string; readonly error: string }[];
}

const phrases = [
  { reference_text: 'How much are the apples?', order: 1, speaker: 'A' },
  { reference_text: 'Two pounds a kilo, madam.', order: 2, speaker: 'B' },
];
const batch = {
  batch_id: 'batch-2026-01-15-103045',
  source: 'demo',
  dialogues: [{ title: 'At the market', category_name: 'General', difficulty_level: 'beginner', phrases }],
};
const IMPORT = '/api/v1/admin/bulk-import';

/** What the platform says to bad input, to a batch that comes twice, and to callers who may not. */
export async function badInput(story: Story): Promise<void> {
  await eightDialogues(story);
  await faultyBatch(story);
  await sameBatchTwice(story);
  await callersWhoMayNot(story);
}

async function eightDialogues(story: Story): Promise<void> {
  story.scene('1. Eight dialogues, seven of them bad (tools/sample/not-ok.ndjson)');
  const dialogues = await sample('not-ok.ndjson');
  story.tell('A pipeline submits them in one request. The platform judges each by itself:');
  const { body } = await story.call<{ results: Result[]; accepted: number; rejected: number }>(
    pipeline,
    'POST',
    '/api/v1/exports/dialogues',
    { body: { dialogues } },
  );
  for (const { index, status, external_id, errors = [] } of body.results) {
    story.tell(`  line ${String(index + 1)}  ${status.padEnd(8)}  ${external_id ?? ''}`);
    for (const { field, error } of errors) story.tell(`            ${field}: ${error}`);
  }
  story.promise('a bad one costs only itself, and every fault is named', body.rejected === 7);
}

async function faultyBatch(story: Story): Promise<void> {
  story.scene('2. A batch with several faults: all of them at once');
  const faulty = {
    ...batch,
    dialogues: [
      {
        ...batch.dialogues[0],
        category_name: 'Shopping',
        phrases: [phrases[0], { reference_text: 'Two', order: 3, speaker: 'C' }],
      },
    ],
  };
  story.tell(
    'A batch with a category that does not exist and a phrase that is wrong in three ways is refused:',
  );
  const { status, body } = await story.call<Refusal>(pipeline, 'POST', IMPORT, { body: faulty });
  story.facts({ status, code: body.code });
  for (const { field, error } of body.details ?? []) story.tell(`      ${field}: ${error}`);
  story.promise(
    'the answer names them all, and nothing is stored',
    status === 400 && (body.details?.length ?? 0) >= 4,
  );
}

async function sameBatchTwice(story: Story): Promise<void> {
  story.scene('3. The same batch twice');
  story.tell('Mended, it is sent; and sent again, as if the first answer had been lost:');
  const first = await story.call<{ results: unknown }>(pipeline, 'POST', IMPORT, { body: batch });
  const second = await story.call<{ results: unknown }>(pipeline, 'POST', IMPORT, { body: batch });
  story.facts({ first: [first.status, first.body.results], second: [second.status, second.body.results] });
  story.promise(
    'the second answer says that it is there (409) with the ids of the first: no second copy',
    second.status === 409 && isDeepStrictEqual(first.body.results, second.body.results),
  );
}

async function callersWhoMayNot(story: Story): Promise<void> {
  story.scene('4. Nobody, and somebody who may not');
  const ask = async (
    caller: Caller,
    method: string,
    path: string,
    expected: number,
    body?: unknown,
  ): Promise<void> => {
    const answer = await story.call<Refusal>(caller, method, path, { body });
    story.facts({
      [`${method} ${path}`]: `${String(answer.status)} ${answer.body.code}: ${answer.body.message}`,
    });
    story.promise(`answers ${String(expected)}`, answer.status === expected);
  };
  story.tell('Without credentials:');
  await ask({ kind: 'nobody' }, 'GET', '/api/v1/exports/status', 401);
  story.tell('A reviewer sends a batch:');
  await ask({ kind: 'token', token: story.info.tokens.reviewer }, 'POST', IMPORT, 403, batch);
}
