import { randomUUID } from 'node:crypto';
import { curator, pipeline, reviewer, type Caller, type Story } from './story.ts';

interface Content {
  readonly title: string;
  readonly category: string;
  readonly cefr_level: string;
  readonly accent: string | null;
  readonly turns: readonly { readonly text: string; readonly order: number; readonly speaker: string }[];
}

interface Dialogue {
  readonly title: string;
  readonly status: string;
  readonly pronielts_dialog_id: number | null;
  readonly review: {
    readonly state: string;
    readonly late: boolean;
    readonly reason: string | null;
    readonly decided_by: string | null;
    readonly content: Content | null;
  };
  readonly history: readonly {
    readonly at: string;
    readonly event: string;
    readonly detail: { readonly by?: string };
  }[];
}

interface Item {
  readonly id: string;
  readonly dataset: string;
  readonly bucket: string;
  readonly status: string;
  readonly etag: string;
  readonly dialogue: Content;
}

const DIALOGUES = '/api/v1/exports/dialogues';
const SELF_SERVE = '/v1/assignments/self-serve';
const content = (title: string, order: string): Content => ({
  title,
  category: 'restaurant',
  cefr_level: 'A2',
  accent: 'uk',
  turns: [
    { text: 'Good evening, what can I get you?', order: 1, speaker: 'A' },
    { text: `I would like ${order}, please.`, order: 2, speaker: 'B' },
  ],
});

/** Three dialogues that a person has to see before they are exported: what becomes of each, told by both sides. */
export async function reviewBeforeExport(story: Story): Promise<void> {
  // Other words in every run, so that it can run again on the same database.
  const run = randomUUID().slice(0, 8);
  const names = ['soup', 'stew', 'salad'].map((dish) => `Ordering the ${dish} of ${run}`);
  const ids = await submitThree(
    story,
    names.map((name, index) => content(name, ['a soup', 'the stew', 'a salad'][index] ?? '')),
  );
  const [soup, stew, salad] = ids as [string, string, string];
  const items = await handOut(story, ids);
  const better = `${names[0] ?? ''}, with manners`;
  await decide(story, items, { approved: soup, deleted: stew, broken: salad }, better);
  await outcome(story, { soup, stew, salad });
  await mend(story, salad);
  await arrive(story, soup, salad, better);
  await reopen(story, items.get(soup) as Item);
}

async function submitThree(story: Story, dialogues: readonly Content[]): Promise<string[]> {
  story.scene('5. Three dialogues that must be reviewed before they are exported');
  story.tell('The pipeline submits three dialogues with "review": "required".');
  const { body } = await story.call<{ results: { id: string; status: string; review_state: string }[] }>(
    pipeline,
    'POST',
    DIALOGUES,
    { body: { dialogues: dialogues.map((dialogue) => ({ ...dialogue, review: 'required' })) } },
  );
  body.results.forEach(({ id, status, review_state }, index) => {
    story.facts({ [dialogues[index]?.title ?? '']: `${status}, review ${review_state} (${id})` });
  });
  story.tell(
    'It asks to export everything that is ready. What needs no review leaves, as the good dialogue of scene 1:',
  );
  const started = await story.call<{ batches: number; dialogues: number }>(
    pipeline,
    'POST',
    '/api/v1/exports',
  );
  const ids = body.results.map(({ id }) => id);
  const waiting = await Promise.all(ids.map((id) => shown(story, id)));
  story.facts({ 'put into batches': started.body, 'the three are': waiting.map(({ status }) => status) });
  story.promise(
    'none leaves before its review',
    waiting.every(({ status }) => status === 'awaiting_review'),
  );
  return ids;
}

async function handOut(story: Story, ids: readonly string[]): Promise<Map<string, Item>> {
  story.scene('6. They are handed out as ground truths of the dataset "dialogues"');
  story.tell('An event told the service of assignments. Alice asks for work, and gets them:');
  const alice = reviewer('alice');
  const mine = await story.until('the dialogues in the hands of alice', async () => {
    await story.call(alice, 'POST', SELF_SERVE, {
      body: { limit: 3, datasets: ['dialogues'] },
    });
    const { body } = await story.call<{ items: Item[] }>(alice, 'GET', '/v1/assignments/my?full=true');
    const found = body.items.filter(({ id }) => ids.includes(id));
    return found.length === ids.length ? found : undefined;
  });
  for (const { id, status, etag, dialogue } of mine)
    story.facts({ [id]: `${status}, etag ${etag}, "${dialogue.title}"` });
  story.tell('Bob asks for work of the same dataset:');
  const other = await story.call<{ assigned: Item[]; shortfall: string | null }>(
    reviewer('bob'),
    'POST',
    SELF_SERVE,
    { body: { limit: 3, datasets: ['dialogues'] } },
  );
  const { assigned, shortfall } = other.body;
  story.facts({ assigned: assigned.map(({ id }) => id), shortfall });
  story.promise('nobody gets what another one has', !assigned.some(({ id }) => ids.includes(id)));
  return new Map(mine.map((item) => [item.id, item]));
}

async function decide(
  story: Story,
  items: ReadonlyMap<string, Item>,
  { approved, deleted, broken }: { approved: string; deleted: string; broken: string },
  better: string,
): Promise<void> {
  story.scene('7. Alice decides: one approved with a better title, one deleted, one spoilt by mistake');
  const alice = reviewer('alice');
  const item = (id: string): Item => items.get(id) as Item;
  const first = item(approved);
  const unsafe = await put(story, alice, { ...first, etag: '"0"' }, { approve: true });
  story.tell('With the etag of another version she is refused; nothing is overwritten unseen:');
  story.facts({ status: unsafe.status });
  story.promise('answers 412', unsafe.status === 412);
  const edited = { ...first.dialogue, title: better };
  for (const [what, target, body] of [
    [`approved as "${better}"`, first, { approve: true, dialogue: edited }],
    [
      'deleted, as it names a real restaurant',
      item(deleted),
      { status: 'deleted', reason: 'names a real restaurant' },
    ],
    [
      'approved, but its title is now "Oh"',
      item(broken),
      { approve: true, dialogue: { ...item(broken).dialogue, title: 'Oh' } },
    ],
  ] as const) {
    const answer = await put(story, alice, target, body);
    story.facts({ [what]: `${String(answer.status)}, etag ${target.etag} → ${String(answer.etag)}` });
    story.promise('taken', answer.status === 200);
  }
}

async function outcome(
  story: Story,
  { soup, stew, salad }: { soup: string; stew: string; salad: string },
): Promise<void> {
  story.scene('8. What the exporter made of it (GET /api/v1/exports/dialogues/{id})');
  for (const [id, status, sentence] of [
    [soup, 'ready', 'the approved one is released'],
    [stew, 'withdrawn', 'the deleted one is withdrawn'],
    [salad, 'failed', 'the spoilt one is among the failures, and nothing of it is lost'],
  ] as const) {
    const { review, ...dialogue } = await reached(story, id, status);
    story.facts({
      [dialogue.title]: `${dialogue.status}, review ${review.state} by ${String(review.decided_by)}${review.reason === null ? '' : `: ${review.reason}`}`,
    });
    story.promise(sentence, dialogue.status === status);
  }
}

async function mend(story: Story, id: string): Promise<void> {
  story.scene('9. The failure is retried: the dialogue is reviewed once more');
  const { body } = await story.call<{
    items: { id: number; dialogue_ids: string[]; error_message: string }[];
  }>(pipeline, 'GET', '/api/v1/exports/failures?resolved=false');
  const failure = body.items.find(({ dialogue_ids }) => dialogue_ids.includes(id));
  story.facts({ failure: failure?.error_message });
  await story.call(pipeline, 'POST', `/api/v1/exports/failures/${String(failure?.id)}/retry`);
  story.tell('This time bob is handed it, with what alice left; he mends the title and approves.');
  const bob = reviewer('bob');
  const item = await story.until('the dialogue in the hands of bob', async () => {
    await story.call(bob, 'POST', SELF_SERVE, {
      body: { limit: 1, datasets: ['dialogues'] },
    });
    const mine = await story.call<{ items: Item[] }>(bob, 'GET', '/v1/assignments/my?full=true');
    return mine.body.items.find((each) => each.id === id);
  });
  const original = await shown(story, id);
  const mended = { ...item.dialogue, title: original.title };
  await put(story, bob, item, { approve: true, dialogue: mended });
  const { status, review } = await reached(story, id, 'ready');
  story.facts({ [original.title]: `${status}, review ${review.state} by ${String(review.decided_by)}` });
  story.promise('it is released now', status === 'ready');
}

async function arrive(story: Story, soup: string, salad: string, better: string): Promise<void> {
  story.scene('10. Export: what arrives is what the reviewers approved');
  const { body } = await story.call<{ batches: number; dialogues: number }>(
    pipeline,
    'POST',
    '/api/v1/exports',
  );
  story.facts({ 'put into batches': body });
  const [first, second] = [await reached(story, soup, 'confirmed'), await reached(story, salad, 'confirmed')];
  const dialog = await story.call<{ id: number; title: string; phrases: { reference_text: string }[] }>(
    reviewer('alice'),
    'GET',
    `/api/v1/dialogs/${String(first.pronielts_dialog_id)}`,
  );
  story.tell('The platform holds:');
  story.facts({
    [`dialog ${String(first.pronielts_dialog_id)}`]: dialog.body.title,
    phrases: dialog.body.phrases.map(({ reference_text }) => reference_text),
    [`dialog ${String(second.pronielts_dialog_id)}`]: second.review.content?.title,
  });
  story.promise('the title is the one that alice gave it', dialog.body.title === better);
}

async function reopen(story: Story, { bucket, id }: Item): Promise<void> {
  story.scene('11. Reopened after it has left: on record, and nothing sent is changed');
  const before = await shown(story, id);
  const carol = curator('carol');
  const path = `/v1/ground-truths/dialogues/${bucket}/${id}`;
  const item = await story.call<Item>(carol, 'GET', path);
  await story.call(carol, 'PUT', path, { body: { status: 'draft' }, etag: item.body.etag });
  story.tell('Carol, a curator, reopens the first ground truth.');
  const after = await story.until('news of the reopening at the exporter', async () => {
    const dialogue = await shown(story, id);
    return dialogue.review.late ? dialogue : undefined;
  });
  story.tell('The whole history of the dialogue:');
  for (const { at, event, detail } of after.history)
    story.facts({ [at]: `${event}${detail.by === undefined ? '' : ` by ${detail.by}`}` });
  story.promise(
    'it is still confirmed, under the same number',
    after.status === 'confirmed' && after.pronielts_dialog_id === before.pronielts_dialog_id,
  );
}

async function shown(story: Story, id: string): Promise<Dialogue> {
  return (await story.call<Dialogue>(pipeline, 'GET', `${DIALOGUES}/${id}`)).body;
}

function reached(story: Story, id: string, status: string): Promise<Dialogue> {
  return story.until(`dialogue ${id} to be ${status}`, async () => {
    const dialogue = await shown(story, id);
    return dialogue.status === status ? dialogue : undefined;
  });
}

function put(story: Story, caller: Caller, { dataset, bucket, id, etag }: Item, body: unknown) {
  return story.call<Item>(caller, 'PUT', `/v1/assignments/${dataset}/${bucket}/${id}`, { body, etag });
}
