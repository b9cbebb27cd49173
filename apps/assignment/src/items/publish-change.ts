import {
  GroundTruthApproved,
  GroundTruthAssigned,
  GroundTruthDeleted,
  GroundTruthEdited,
  GroundTruthReleased,
  GroundTruthReopened,
  GroundTruthSkipped,
} from '@hornbook/contracts';
import type { Tx } from '@hornbook/database';
import type { EventMessage, Outbox, Within } from '@hornbook/messaging';
import type { ItemContent } from './item-content.js';
import type { Change, ChangedState } from './transitions.js';

/** Why items lost their holder without a decision. */
export type ReleaseReason = 'user' | 'expired' | 'transfer' | 'force';

/** Items an event names at most (their schema). */
const MOST = 1_000;

/** A changed item with what its events tell. */
export interface Published extends Pick<
  ChangedState,
  'dataset' | 'id' | 'bucket' | 'version' | 'updatedAt' | 'assignedTo' | 'status'
> {
  readonly fromStatus?: string;
  readonly fromUser?: string | null;
  readonly content: ItemContent;
  /** Members of the content that changed. */
  readonly members: readonly string[];
}

const keyOf = ({ dataset, id }: Published): string => `${dataset}/${id}`;

/** Writes the events of a change into the outbox: one an item, but one for all items that were handed over together. */
export async function publishChange(
  outbox: Outbox,
  tx: Tx,
  change: Change,
  items: readonly Published[],
): Promise<void> {
  const { actor, reason = null } = change;
  const common = commonTo(actor);
  const each = <Data>(data: (item: Published) => Data): { key: string; data: Data }[] =>
    items.map((item) => ({ key: keyOf(item), data: data(item) }));
  switch (change.action) {
    case 'approved':
      await outbox.publishAll(
        tx,
        GroundTruthApproved,
        each((item) => ({ ...common(item), payload: { ...item.content } })),
      );
      break;
    case 'deleted':
      await outbox.publishAll(
        tx,
        GroundTruthDeleted,
        each((item) => ({ ...common(item), reason })),
      );
      break;
    case 'skipped':
      await outbox.publishAll(
        tx,
        GroundTruthSkipped,
        each((item) => ({ ...common(item), reason })),
      );
      break;
    case 'edited':
    case 'restored':
    case 'updated':
    case 'scheduled':
    case 'reopened':
      await publishReopened(outbox, tx, items, common);
      await publishEdited(outbox, tx, items, common);
      break;
    case 'assigned':
    case 'released':
    case 'expired':
    case 'transferred':
      await publishReopened(outbox, tx, items, common);
      await publishReleased(outbox, tx, change, items);
      await outbox.publishAll(tx, GroundTruthAssigned, assignedMessages(actor, items));
  }
}

/** Items that one request was given. */
export interface PublishedClaim {
  readonly actor: string;
  readonly items: readonly Published[];
  /** The flow its event belongs to. */
  readonly within?: Within | undefined;
}

/** Writes the events of several claims into the outbox: one a claim. */
export async function publishClaims(
  outbox: Outbox,
  tx: Tx,
  claims: readonly PublishedClaim[],
): Promise<void> {
  await outbox.publishAll(
    tx,
    GroundTruthAssigned,
    claims.flatMap(({ actor, items, within }) =>
      assignedMessages(actor, items).map((message) => (within ? { ...message, within } : message)),
    ),
  );
}

/** What every event of one item tells. */
interface Common {
  readonly dataset: string;
  readonly id: string;
  readonly bucket: string;
  readonly version: number;
  readonly changedBy: string;
  readonly changedAt: string;
}

const commonTo =
  (actor: string) =>
  ({ dataset, id, bucket, version, updatedAt }: Published): Common => ({
    dataset,
    id,
    bucket,
    version,
    changedBy: actor,
    changedAt: updatedAt.toISOString(),
  });

async function publishEdited(
  outbox: Outbox,
  tx: Tx,
  items: readonly Published[],
  common: (item: Published) => Common,
): Promise<void> {
  // Who took the approved content over has to have it as it is now.
  const approved = items.filter(({ status, members }) => status === 'approved' && members.length > 0);
  await outbox.publishAll(
    tx,
    GroundTruthApproved,
    approved.map((item) => ({ key: keyOf(item), data: { ...common(item), payload: { ...item.content } } })),
  );
  const edited = items.filter((item) => !isReopened(item));
  await outbox.publishAll(
    tx,
    GroundTruthEdited,
    edited.map((item) => ({ key: keyOf(item), data: { ...common(item), members: [...item.members] } })),
  );
}

function isReopened({ fromStatus, status }: Published): boolean {
  return (fromStatus === 'approved' || fromStatus === 'deleted') && status === 'draft';
}

async function publishReopened(
  outbox: Outbox,
  tx: Tx,
  items: readonly Published[],
  common: (item: Published) => Common,
): Promise<void> {
  const messages = items.filter(isReopened).map((item) => ({
    key: keyOf(item),
    data: { ...common(item), fromStatus: item.fromStatus as 'approved' | 'deleted' },
  }));
  await outbox.publishAll(tx, GroundTruthReopened, messages);
}

/** Groups items by a user and cuts the groups to what one event takes. */
function batches(
  items: readonly Published[],
  userOf: (item: Published) => string | null | undefined,
): { user: string; items: Published[] }[] {
  const groups = new Map<string, Published[]>();
  for (const item of items) {
    const user = userOf(item);
    if (user == null) continue;
    const group = groups.get(user);
    if (group) group.push(item);
    else groups.set(user, [item]);
  }
  return [...groups].flatMap(([user, group]) =>
    Array.from({ length: Math.ceil(group.length / MOST) }, (_, index) => ({
      user,
      items: group.slice(index * MOST, (index + 1) * MOST),
    })),
  );
}

const named = ({ dataset, id, version }: Published) => ({ dataset, id, version });

async function publishReleased(
  outbox: Outbox,
  tx: Tx,
  { actor, action, releasedBecause }: Change,
  items: readonly Published[],
): Promise<void> {
  const because: ReleaseReason = releasedBecause ?? (action === 'expired' ? 'expired' : 'user');
  const lost = batches(items, (item) => (item.fromUser === item.assignedTo ? null : item.fromUser));
  await outbox.publishAll(
    tx,
    GroundTruthReleased,
    lost.map((batch) => ({
      key: batch.user,
      data: {
        releasedFrom: batch.user,
        reason: because,
        items: batch.items.map(named),
        changedBy: actor,
        changedAt: batch.items[0]?.updatedAt.toISOString() ?? '',
      },
    })),
  );
}

function assignedMessages(
  actor: string,
  items: readonly Published[],
): EventMessage<typeof GroundTruthAssigned>[] {
  return batches(items, ({ assignedTo }) => assignedTo).map((batch) => ({
    key: batch.user,
    data: {
      assignedTo: batch.user,
      items: batch.items.map(named),
      changedBy: actor,
      changedAt: batch.items[0]?.updatedAt.toISOString() ?? '',
    },
  }));
}
