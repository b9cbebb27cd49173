import type { Identity } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { NotFoundError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { ExportSchedule } from '../batches/export-schedule.js';
import { pageBy, readCursor } from '../keyset.js';
import { ReviewRequests } from '../reviews/review-requests.js';
import { visibleOwner } from '../visibility.js';
import { DialoguesRepository, type KnownDialogue, type NewDialogue } from './dialogues.repository.js';
import type { DialogueDetail, DialoguePage, DialogueQuery } from './dialogues.schemas.js';
import { conflictFault, reviewFault, screenSubmission, type ScreenedItem } from './screen-submission.js';
import type { Submission, SubmissionAnswer, SubmissionResult } from './submission.schemas.js';

const isUuid = (key: unknown): key is string => z.uuid().safeParse(key).success;

type SoundItem = Extract<ScreenedItem, { kind: 'sound' }>;

/** Takes generated dialogues in and shows where they stand. */
@Injectable()
export class DialoguesService {
  constructor(
    private readonly database: Database,
    private readonly repository: DialoguesRepository,
    private readonly schedule: ExportSchedule,
    private readonly reviews: ReviewRequests,
  ) {}

  /** Stores what is sound and new; says of each item, in input order, what became of it. */
  async submit({ dialogues }: Submission, { owner, sub }: Identity): Promise<SubmissionAnswer> {
    const items = screenSubmission(dialogues);
    const sound = items.filter((item) => item.kind === 'sound');
    const stored = await this.store(sound, owner, sub);
    const results: SubmissionResult[] = [];
    for (const item of items) {
      const of = item.kind === 'repeat' ? results[item.of] : undefined;
      results.push(item.kind === 'sound' ? (stored.get(item.index) as SubmissionResult) : settled(item, of));
    }
    const count = (status: SubmissionResult['status']): number =>
      results.filter((result) => result.status === status).length;
    if (count('accepted') > 0) this.schedule.ring();
    return {
      results,
      accepted: count('accepted'),
      duplicates: count('duplicate'),
      rejected: count('rejected'),
    };
  }

  /** One page of the caller's dialogues, newest first. */
  async list(query: DialogueQuery, caller: Identity): Promise<DialoguePage> {
    const rows = await this.repository.list(visibleOwner(caller), query, readCursor(query.cursor, isUuid));
    return pageBy(rows, query.limit, ({ id }) => id);
  }

  /** One dialogue with its history. @throws NotFoundError for unknown ids and other owners' */
  async find(id: string, caller: Identity): Promise<DialogueDetail> {
    const dialogue = await this.repository.find(id, visibleOwner(caller));
    if (!dialogue) throw new NotFoundError(`Dialogue ${id}`);
    return dialogue;
  }

  private async store(
    items: readonly SoundItem[],
    owner: string,
    submittedBy: string,
  ): Promise<Map<number, SubmissionResult>> {
    if (items.length === 0) return new Map();
    const dialogues = new Map(items.map((item) => [item.index, newDialogue(item)]));
    return this.database.transaction(async (tx) => {
      const stored = await this.repository.store(tx, [...dialogues.values()], owner, submittedBy);
      await this.reviews.ask(
        tx,
        [...dialogues.values()].flatMap(({ id, review }) =>
          review === 'required' && stored.has(id) ? id : [],
        ),
      );
      const left = [...dialogues.values()].filter(({ id }) => !stored.has(id));
      // A new statement sees what another submission committed while ours waited for it.
      const known =
        left.length === 0
          ? new Map<string, KnownDialogue>()
          : await this.repository.known(
              tx,
              owner,
              left.flatMap(({ external_id }) => external_id ?? []),
            );
      return new Map(
        [...dialogues].map(([index, dialogue]) => [index, resultOf(index, dialogue, stored, known)]),
      );
    });
  }
}

function newDialogue({ dialogue, hash }: SoundItem): NewDialogue {
  return { ...dialogue, id: uuidv7(), external_id: dialogue.external_id ?? null, content_hash: hash };
}

function resultOf(
  index: number,
  dialogue: NewDialogue,
  stored: ReadonlySet<string>,
  known: ReadonlyMap<string, KnownDialogue>,
): SubmissionResult {
  const externalId = dialogue.external_id;
  const named = externalId === null ? {} : { external_id: externalId };
  const required = dialogue.review === 'required';
  if (stored.has(dialogue.id))
    return {
      index,
      status: 'accepted',
      id: dialogue.id,
      ...named,
      ...(required ? { review_state: 'awaiting' } : {}),
    };
  const earlier = known.get(externalId ?? '');
  if (!earlier || externalId === null) throw new Error('a dialogue was neither stored nor known');
  const { id, review_state } = earlier;
  const where = `in an earlier submission (dialogue ${id})`;
  if (earlier.content_hash !== dialogue.content_hash)
    return {
      index,
      status: 'rejected',
      external_id: externalId,
      errors: [conflictFault(index, externalId, where)],
    };
  // Neither a review is dropped nor one added after the fact without anybody noticing.
  if (required !== (review_state !== null))
    return {
      index,
      status: 'rejected',
      external_id: externalId,
      errors: [reviewFault(index, externalId, required, where)],
    };
  return {
    index,
    status: 'duplicate',
    id,
    external_id: externalId,
    ...(review_state === null ? {} : { review_state }),
  };
}

/** The result of an item that did not get as far as the database; `of` is that of the item it repeats. */
function settled(item: Exclude<ScreenedItem, SoundItem>, of: SubmissionResult | undefined): SubmissionResult {
  const { index, externalId } = item;
  const named = externalId === undefined ? {} : { external_id: externalId };
  if (item.kind === 'unsound') return { index, status: 'rejected', ...named, errors: [...item.faults] };
  // Repeats what was refused as a conflict with an earlier submission: refused like it.
  if (of?.status === 'rejected') {
    return {
      index,
      status: 'rejected',
      ...named,
      errors: (of.errors ?? []).map((fault) => ({
        ...fault,
        field: fault.field.replace(/^dialogues\[\d+\]/, `dialogues[${String(index)}]`),
      })),
    };
  }
  return {
    index,
    status: 'duplicate',
    ...(of?.id === undefined ? {} : { id: of.id }),
    ...named,
    ...(of?.review_state === undefined ? {} : { review_state: of.review_state }),
  };
}
