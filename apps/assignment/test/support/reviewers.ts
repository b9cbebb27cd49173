import type { Identity } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { lockItem } from '../../src/items/item-states.js';
import { Transitions } from '../../src/items/transitions.js';
import { Sweeper } from '../../src/leases/sweeper.js';
import type { Answer, World } from './world.js';

let made = 0;

/** A dataset name that no other test of the file uses. */
export function newDataset(): string {
  made++;
  return `overlap-${String(made)}`;
}

/** A caller who only reviews. */
export const reviewer = (name: string): Partial<Identity> => ({
  sub: name,
  owner: name,
  roles: ['reviewer'],
});
/** A caller who curates. */
export const curator = (name: string): Partial<Identity> => ({ sub: name, owner: name, roles: ['curator'] });

/** Where an item is found on the wire. */
export interface Place {
  readonly id: string;
  readonly dataset: string;
  readonly bucket: string;
}

/** A body as a record. */
export type Json = Record<string, unknown>;

/** Items of a dataset with `required` reviewers, imported by `author`. */
export async function overlapDataset(
  world: World,
  {
    required,
    items,
    author = 'author',
    tags = [],
    leaseMinutes = null,
  }: {
    required: number;
    items: number;
    author?: string;
    tags?: readonly string[];
    leaseMinutes?: number | null;
  },
): Promise<{ dataset: string; places: Place[] }> {
  const dataset = newDataset();
  await world.sql(
    `INSERT INTO datasets (name, required_reviews, lease_minutes, created_by, updated_by) VALUES ($1, $2, $3, 'test', 'test')`,
    [dataset, required, leaseMinutes],
  );
  return { dataset, places: await imported(world, dataset, items, author, tags) };
}

/** Imports items with question and answer. */
export async function imported(
  world: World,
  dataset: string,
  items: number,
  author = 'author',
  tags: readonly string[] = [],
): Promise<Place[]> {
  const body = Array.from({ length: items }, (_, index) => ({
    id: `item-${String(index + 1).padStart(4, '0')}`,
    datasetName: dataset,
    synthQuestion: `What is number ${String(index + 1)} of ${dataset}?`,
    answer: `It is ${String(index + 1)}.`,
    ...(tags.length > 0 ? { manualTags: [...tags] } : {}),
  }));
  const answer = await world.call('/v1/ground-truths', { method: 'POST', body, as: curator(author) });
  expect({ status: answer.status, body: answer.body }).toMatchObject({
    status: 200,
    body: { imported: items, failed: 0 },
  });
  const rows = await world.sql<Place>(
    `SELECT items.id, datasets.name AS dataset, bucket FROM items JOIN datasets ON datasets.id = dataset_id
     WHERE datasets.name = $1 ORDER BY items.id`,
    [dataset],
  );
  return rows;
}

/** Path of an item below `/v1/assignments`. */
export const pathOf = ({ dataset, bucket, id }: Place, rest: string): string =>
  `/v1/assignments/${dataset}/${bucket}/${encodeURIComponent(id)}/${rest}`;

/** Takes a slot of an item. */
export function claim(world: World, place: Place, name: string): Promise<Answer> {
  return world.call(pathOf(place, 'review'), { method: 'POST', as: reviewer(name) });
}

/** Sends a review with an entity tag. */
export function review(
  world: World,
  place: Place,
  name: string,
  body: unknown,
  etag: string | undefined,
): Promise<Answer> {
  return world.call(pathOf(place, 'review'), {
    method: 'PUT',
    body,
    as: reviewer(name),
    headers: etag === undefined ? {} : { 'if-match': etag },
  });
}

/** Takes a slot and fills it. */
export async function claimAndReview(
  world: World,
  place: Place,
  name: string,
  body: unknown,
): Promise<Answer> {
  const claimed = await claim(world, place, name);
  expect(claimed.status).toBe(200);
  return review(world, place, name, body, String(claimed.body['etag']));
}

/** Asks for work. */
export function selfServe(world: World, name: string, body: unknown): Promise<Answer> {
  return world.call('/v1/assignments/self-serve', { method: 'POST', body, as: reviewer(name) });
}

/** Status of an item, and who holds it. */
export async function stateOf(world: World, { dataset, id }: Place): Promise<Json> {
  const [row] = await world.sql(
    `SELECT status::text, item_states.version, assigned_to, content FROM items JOIN item_states ON item_pk = pk
     JOIN datasets ON datasets.id = items.dataset_id WHERE datasets.name = $1 AND items.id = $2`,
    [dataset, id],
  );
  return row ?? {};
}

/** Ends every lease that has run out, as the sweeper does every few seconds. */
export async function expireLeases(world: World): Promise<void> {
  await world.services[0]!.app.get(Sweeper, { strict: false }).sweep();
}

/** Decides over an item past its reviewers, as a curator may. */
export async function decide(
  world: World,
  place: Place,
  status: 'approved' | 'deleted' | 'draft',
): Promise<void> {
  const transitions = world.services[0]!.app.get(Transitions, { strict: false });
  await world.services[0]!.app.get(Database).transaction(async (tx) => {
    const item = await lockItem(tx, place);
    if (!item) throw new Error(`no item ${place.id}`);
    const action = status === 'draft' ? 'reopened' : status;
    await transitions.apply(tx, { action, status, actor: 'curator-1' }, [{ item }]);
  });
}
