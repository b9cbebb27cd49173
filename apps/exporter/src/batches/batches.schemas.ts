import { pageOf, pageQueryFields } from '@hornbook/contracts';
import { z } from 'zod';
import { historyEntrySchema, syncStatuses } from '../dialogues/dialogues.schemas.js';

/** Where a batch stands. `replaced`: another batch took over what was left of it. */
export const batchStates = ['ready', 'sending', 'waiting', 'confirmed', 'failed', 'replaced'] as const;

/** A batch in a list. */
export const batchSchema = z
  .object({
    batch_id: z.string(),
    state: z.enum(batchStates),
    dialogues: z.int(),
    /** Failed sends that could be tried again. */
    attempts: z.int(),
    /** Times the platform put it off. */
    deferrals: z.int(),
    sends: z.int(),
    /** When it may be sent next; null once it is settled. */
    due_at: z.iso.datetime().nullable(),
    first_sent_at: z.iso.datetime().nullable(),
    last_sent_at: z.iso.datetime().nullable(),
    last_error_type: z.string().nullable(),
    last_error: z.string().nullable(),
    replaced_by: z.string().nullable(),
    /** How its confirmation came: `answer`, `read_back` or `event`. */
    confirmed_by: z.string().nullable(),
    created_at: z.iso.datetime(),
    settled_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ExportBatch' });
/** A batch in a list. */
export type BatchView = z.output<typeof batchSchema>;

/** A batch with its dialogues and its history. */
export const batchDetailSchema = batchSchema
  .extend({
    payload_hash: z.string(),
    members: z.array(
      z.object({
        /** Index in the payload, from 0. */
        position: z.int(),
        dialogue_id: z.uuid(),
        title: z.string(),
        status: z.enum(syncStatuses),
        /** The batch it is in now; another one when this batch was replaced. */
        batch_id: z.string().nullable(),
        pronielts_dialog_id: z.int().nullable(),
      }),
    ),
    history: z.array(
      historyEntrySchema.omit({ batch_id: true }).extend({ dialogue_id: z.uuid().nullable() }),
    ),
  })
  .meta({ id: 'ExportBatchDetail' });
/** A batch with its dialogues and its history. */
export type BatchDetail = z.output<typeof batchDetailSchema>;

/** `?state=&limit=&cursor=` of the list of batches. */
export const batchQuerySchema = z.strictObject({ state: z.enum(batchStates).optional(), ...pageQueryFields });
/** Query of the list of batches. */
export type BatchQuery = z.output<typeof batchQuerySchema>;

/** One page of batches, newest first. */
export const batchPageSchema = pageOf(batchSchema).meta({ id: 'ExportBatchPage' });
/** One page of batches. */
export type BatchPage = z.output<typeof batchPageSchema>;
