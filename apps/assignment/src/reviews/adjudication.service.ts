import type { Identity } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { NotFoundError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { etagOf, isMet, readIfMatch } from '../items/etag.js';
import { missingForApproval, withEdits, type ItemContent } from '../items/item-content.js';
import { findItem, lockItem, readByPk, type ItemAddress } from '../items/item-states.js';
import { fullView, type ItemRow } from '../items/item.js';
import {
  InvalidApprovalError,
  ItemNotFoundError,
  PreconditionRequiredError,
  StaleEtagError,
} from '../items/items.errors.js';
import { Transitions } from '../items/transitions.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import { refuseUnsound } from './answer.js';
import { readPageKey, timePage } from './page-key.js';
import { parseBody } from './parse-body.js';
import { NotDisputedError, PartisanError } from './reviews.errors.js';
import { ReviewsRepository } from './reviews.repository.js';
import {
  adjudicationBodySchema,
  type Adjudication,
  type AdjudicationBody,
  type AdjudicationQuery,
  type DisputePage,
  type RoundsView,
} from './reviews.schemas.js';
import type { Submission } from './reviews.service.js';
import { reconcileRounds } from './rounds.js';
import { roundViews, type SlotRow } from './slot-row.js';

/** Decides where reviewers do not agree. Their reviews stay as they are; the decision stands beside them. */
@Injectable()
export class AdjudicationService {
  constructor(
    private readonly database: Database,
    private readonly reviews: ReviewsRepository,
    private readonly transitions: Transitions,
  ) {}

  /** One page of what waits for a decision, longest waiting first. @throws NotFoundError for an unknown dataset */
  async queue({ dataset, limit, cursor }: AdjudicationQuery): Promise<DisputePage> {
    const datasetId = dataset === undefined ? null : await this.reviews.datasetId(dataset);
    if (datasetId === undefined) throw new NotFoundError(`Dataset ${String(dataset)}`);
    const found = await this.reviews.disputed(datasetId, readPageKey(cursor), limit + 1);
    const { rows, nextCursor } = timePage(found, limit);
    const { manager } = this.database.dataSource;
    const pks = rows.map(({ pk }) => pk);
    const [items, slots] = await Promise.all([readByPk(manager, pks), this.reviews.slots(manager, pks)]);
    const itemOf = new Map(items.map((item) => [item.pk, item]));
    const slotsOf = Map.groupBy(slots, ({ pk }) => pk);
    return {
      items: rows.flatMap(({ pk, round }) => {
        const item = itemOf.get(pk);
        const [view] = roundViews((slotsOf.get(pk) ?? []).filter((slot) => slot.round === round));
        if (!item || !view) return [];
        const { id, bucket } = item;
        const disputedAt = view.closedAt ?? view.openedAt;
        const address = { id, dataset: item.dataset, bucket, etag: etagOf(item.version) };
        return [{ ...address, disputedAt, item: fullView(item), round: view }];
      }),
      nextCursor,
    };
  }

  /** All rounds of an item with all reviews. @throws ItemNotFoundError */
  async rounds(address: ItemAddress): Promise<RoundsView> {
    const { manager } = this.database.dataSource;
    const item = await findItem(manager, address);
    if (!item) throw new ItemNotFoundError(address.dataset, address.id);
    return { rounds: roundViews(await this.reviews.slots(manager, [item.pk])) };
  }

  /**
   * Decides. Refusals in the order 404, 403, 400, 409, 428, 412; the same decision sent again changes nothing.
   * @throws PartisanError, NotDisputedError and what items' changes throw
   */
  async adjudicate(
    address: ItemAddress,
    caller: Identity,
    { body, ifMatch }: Submission,
  ): Promise<Adjudication> {
    return this.database.transaction(async (tx) => {
      const item = await lockItem(tx, address);
      if (!item) throw new ItemNotFoundError(address.dataset, address.id);
      const slots = await this.reviews.slots(tx, [item.pk]);
      const last = slots.filter(({ round }) => round === slots[0]?.round);
      refusePartisans(item, last, caller);
      const decision = parseBody(adjudicationBodySchema, body);
      const precondition = readIfMatch(ifMatch);
      const repeated = repetitionOf(slots, decision, caller);
      if (repeated !== undefined) return this.view(tx, item, repeated);
      const round = last[0];
      if (round?.roundState !== 'disputed') throw new NotDisputedError(item);
      const content = contentOf(item, last, decision, await exclusiveGroups(tx));
      if (precondition.kind === 'none') throw new PreconditionRequiredError();
      if (!isMet(precondition, item.version)) throw new StaleEtagError(item);
      return this.decide(tx, item, round.round, { decision, content, caller });
    });
  }

  private async decide(
    tx: Tx,
    item: ItemRow,
    round: number,
    {
      decision,
      content,
      caller,
    }: { decision: AdjudicationBody; content?: ItemContent | undefined; caller: Identity },
  ): Promise<Adjudication> {
    const { verdict, note = null } = decision;
    const end = { state: 'adjudicated', outcome: verdict, by: caller.owner, note } as const;
    await this.reviews.resolve(tx, { itemPk: item.pk, round }, end);
    await this.reviews.logAdjudication(tx, item.pk, round, caller.sub, note);
    if (verdict === 'again') {
      await reconcileRounds(tx, [item.pk]);
      return this.view(tx, item, round);
    }
    const change = {
      action: verdict,
      status: verdict,
      actor: caller.sub,
      user: caller.owner,
      reason: 'adjudication',
    };
    const target = content === undefined ? { item } : { item, content };
    const [settled] = await this.transitions.apply(tx, change, [target]);
    return this.view(tx, settled ?? item, round);
  }

  private async view(tx: Tx, item: ItemRow, round: number): Promise<Adjudication> {
    const [view] = roundViews(await this.reviews.slots(tx, [item.pk], round));
    if (!view) throw new Error('a round that was adjudicated is gone');
    const { id, dataset, bucket, status } = item;
    return { id, dataset, bucket, status, etag: etagOf(item.version), round: view };
  }
}

function refusePartisans(item: ItemRow, slots: readonly SlotRow[], { owner, roles }: Identity): void {
  if (roles.includes('admin')) return;
  if (item.author === owner || slots.some(({ reviewer }) => reviewer === owner))
    throw new PartisanError(item);
}

/** The round that this caller has decided in just this way, if it is the last one decided. */
function repetitionOf(
  slots: readonly SlotRow[],
  { verdict, note }: AdjudicationBody,
  { owner }: Identity,
): number | undefined {
  // After `again` the newest round is the one that the decision opened.
  const [decided] = slots.filter(({ roundState }) => roundState === 'adjudicated');
  const newest = slots[0]?.round ?? 0;
  if (!decided || decided.round < newest - (decided.outcome === 'again' ? 1 : 0)) return undefined;
  if (slots[0]?.roundState === 'disputed') return undefined;
  const same =
    decided.outcome === verdict && decided.resolvedBy === owner && (note ?? null) === decided.roundNote;
  return same ? decided.round : undefined;
}

/** The item as the decision has it, when it is approved with edits. @throws ValidationError, InvalidApprovalError */
function contentOf(
  item: ItemRow,
  slots: readonly SlotRow[],
  decision: AdjudicationBody,
  exclusive: ReadonlySet<string>,
): ItemContent | undefined {
  const { verdict, slot, edits } = decision;
  if (verdict !== 'approved') return undefined;
  const review = slots.find((one) => one.slot === slot);
  if (slot !== undefined && review?.verdict !== 'approved') {
    const approving = slots.filter((one) => one.verdict === 'approved').map((one) => String(one.slot));
    throw new ValidationError([
      {
        field: 'slot',
        error: `Slot ${String(slot)} holds no approval (those that do: ${approving.join(', ') || 'none'})`,
        code: 'invalid_value',
      },
    ]);
  }
  const content = withEdits(item.content, { ...review?.edits, ...edits });
  refuseUnsound(content, exclusive);
  const missing = missingForApproval(content);
  if (missing.length > 0) throw new InvalidApprovalError(item, missing);
  return content;
}
