import {
  DialogueReviewRequested,
  GroundTruthApproved,
  GroundTruthDeleted,
  GroundTruthReopened,
  type EventData,
} from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { eventually } from '@hornbook/testing';
import { randomUUID } from 'node:crypto';
import { dialogue, type SampleDialogue } from './dialogues.js';
import type { FailureBody, World } from './world.js';

type Approved = EventData<typeof GroundTruthApproved>;
type Deleted = EventData<typeof GroundTruthDeleted>;
type Reopened = EventData<typeof GroundTruthReopened>;

/** A dialogue that must not leave without a review. */
export function reviewed(overrides: Partial<SampleDialogue> = {}): SampleDialogue & { review: string } {
  return { ...dialogue(overrides), review: 'required' };
}

/** A reviewer's edit. */
export const edited = { title: 'A title that the reviewer chose' };

/** What a reviewer leaves of a dialogue. */
export function contentOf({ external_id: _, ...content }: SampleDialogue): Record<string, unknown> {
  return { ...content, review: undefined };
}

/** The other side of a review: what the service of ground truths would say, sent over the real broker. */
export class Reviewers {
  private sent = 0;

  constructor(private readonly world: World) {}

  /** Starts to count anew, with the inbox emptied. */
  reset(): void {
    this.sent = 0;
  }

  /** Submits a dialogue that needs a review. @returns its id */
  async submit(sample: SampleDialogue = reviewed()): Promise<string> {
    const [id] = await this.world.submit([sample]);
    return id!;
  }

  /** What the history of a dialogue tells, in order. */
  async events(id: string): Promise<string[]> {
    return (await this.world.dialogue(id)).history.map(({ event }) => event);
  }

  /** The failure that waits for a decision. */
  async openFailure(): Promise<FailureBody> {
    const [failure] = await this.world.failures('?resolved=false');
    return failure!;
  }

  /** Titles of everything that was sent to the platform, in order. */
  sentTitles(): string[] {
    return this.world.platform.received.flatMap(({ request }) => request.dialogues.map(({ title }) => title));
  }

  /** `dialogue`: what the reviewer left. */
  approve(id: string, version: number, dialogue: unknown, changes: Partial<Approved> = {}): Promise<void> {
    const data = { ...this.item(id, version), payload: { dialogue }, ...changes };
    return this.publish(GroundTruthApproved, data);
  }

  delete(id: string, version: number, changes: Partial<Deleted> = {}): Promise<void> {
    return this.publish(GroundTruthDeleted, { ...this.item(id, version), reason: null, ...changes });
  }

  reopen(id: string, version: number, changes: Partial<Reopened> = {}): Promise<void> {
    const data = { ...this.item(id, version), fromStatus: 'approved' as const, ...changes };
    return this.publish(GroundTruthReopened, data);
  }

  /** Waits until everything that was sent so far has had its effect. */
  async heard(): Promise<void> {
    await eventually(
      async () => {
        const { length } = await this.world.sql(`SELECT FROM inbox WHERE consumer LIKE '%-when-review-is-%'`);
        if (length !== this.sent) throw new Error(`${String(length)} of ${String(this.sent)}`);
      },
      { description: 'the news of reviews to be heard', timeoutMs: 60_000 },
    );
  }

  /** Requests for a review of one dialogue, in order. */
  async requests(id: string): Promise<EventData<typeof DialogueReviewRequested>[]> {
    const rows = await this.world.sql<{ data: EventData<typeof DialogueReviewRequested> }>(
      'SELECT data FROM outbox WHERE event = $1 AND key = $2 ORDER BY id',
      [DialogueReviewRequested.name, id],
    );
    return rows.map(({ data }) => data);
  }

  private item(
    id: string,
    version: number,
  ): Pick<Approved, 'dataset' | 'id' | 'bucket' | 'version' | 'changedBy' | 'changedAt'> {
    return {
      dataset: 'dialogues',
      id,
      bucket: randomUUID(),
      version,
      changedBy: 'alice',
      changedAt: new Date().toISOString(),
    };
  }

  // The exporter's own outbox reaches the same exchange as the other service's.
  private async publish(
    event: typeof GroundTruthApproved | typeof GroundTruthDeleted | typeof GroundTruthReopened,
    data: Approved | Deleted | Reopened,
  ): Promise<void> {
    const { app } = this.world.services[0]!;
    const key = `${data.dataset}/${data.id}`;
    await app.get(Database).transaction((tx) => app.get(Outbox).publish(tx, event, { key, data }));
    this.sent++;
  }
}
