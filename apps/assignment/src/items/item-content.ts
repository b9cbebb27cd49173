import { isStorable, text } from '@hornbook/contracts';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { tagSchema } from './item-names.js';
import { wordVector } from './words.js';

/** Largest content of one item, bytes of JSON. */
export const MAX_CONTENT_BYTES = 65_536;
/** Deepest nesting: beyond some thousands neither the JSON of JavaScript nor that of Postgres can take it. */
const MAX_DEPTH = 64;
const MAX_TAGS = 50;

const json = z.unknown();
const jsonObject = z.record(z.string(), z.unknown());
const long = text({ max: 20_000 });
const short = text({ max: 500 });

const referenceSchema = z.looseObject({
  url: text({ max: 2_000 }).nullish(),
  title: text({ max: 1_000 }).nullish(),
  content: text({ max: 20_000 }).nullish(),
  keyExcerpt: text({ max: 5_000 }).nullish(),
  type: short.nullish(),
  bonus: z.boolean().nullish(),
  messageIndex: z.int().nullish(),
});

/** Members of an item's content that a reviewer may edit. */
export const editableFields = {
  editedQuestion: long.nullish(),
  answer: long.nullish(),
  comment: long.nullish(),
  refs: z.array(referenceSchema).max(100).nullish(),
  manualTags: z.array(tagSchema).max(MAX_TAGS).nullish(),
  history: z
    .array(z.looseObject({ role: short, msg: long.nullish() }))
    .max(200)
    .nullish(),
  contextUsedForGeneration: long.nullish(),
  contextEntries: z.array(json).max(200).nullish(),
  toolCalls: z.array(json).max(200).nullish(),
  expectedTools: json.optional(),
  feedback: json.optional(),
  metadata: jsonObject.nullish(),
  /** A dialogue under review, for datasets of dialogues. */
  dialogue: jsonObject.nullish(),
};

/** Every member of an item's content, as `POST /v1/ground-truths` takes them. */
export const contentFields = {
  ...editableFields,
  synthQuestion: long.nullish(),
  computedTags: z.array(tagSchema).max(MAX_TAGS).nullish(),
  contextSource: short.nullish(),
  modelUsedForGeneration: short.nullish(),
  semanticClusterNumber: z.int().nullish(),
  weight: z.number().nullish(),
  samplingBucket: z.union([z.int(), short]).nullish(),
  questionLength: z.int().nullish(),
  scenarioId: short.nullish(),
  plugins: json.optional(),
  traceIds: json.optional(),
  tracePayload: json.optional(),
};

/** The content of an item: what is reviewed, without state. */
export const contentSchema = z.strictObject(contentFields);
/** The content of an item. Members that are null are not kept. */
export type ItemContent = z.output<typeof contentSchema>;

/** Content with the edits in; null in an edit removes the member. */
export function withEdits(content: ItemContent, edits: ItemContent): ItemContent {
  return compact({ ...content, ...edits });
}

/** Without members that are null or undefined. */
export function compact(content: ItemContent): ItemContent {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value != null));
}

/** All tags of an item: a sorted union of manual and computed ones. */
export function tagsOf({ manualTags, computedTags }: ItemContent): string[] {
  return [...new Set([...(manualTags ?? []), ...(computedTags ?? [])])].sort();
}

/** The question as it stands: the edited one, else the original. */
export function questionOf({ editedQuestion, synthQuestion, history }: ItemContent): string {
  return editedQuestion?.trim() || synthQuestion?.trim() || messageOf(history, 'user');
}

/** The answer as it stands; conversations hold it in their last assistant's message. */
export function answerOf({ answer, history }: ItemContent): string {
  return answer?.trim() || messageOf(history, 'assistant');
}

function messageOf(history: ItemContent['history'], role: string): string {
  return history?.findLast((entry) => entry.role === role)?.msg?.trim() ?? '';
}

/** The words that the item's search looks through, as a literal of the type `tsvector`. */
export function searchOf(content: ItemContent): string {
  const { synthQuestion, editedQuestion, answer, comment, dialogue } = content;
  const title = typeof dialogue?.['title'] === 'string' ? dialogue['title'] : '';
  const texts = [synthQuestion, editedQuestion, answer, comment, title];
  return wordVector(texts.filter(Boolean).join('\n').slice(0, 10_000));
}

/** 64-bit hash (decimal) of a question regardless of case and white space, by which duplicates are found; null without one. */
export function questionHashOf(content: ItemContent): string | null {
  const question = questionOf(content).toLowerCase().replace(/\s+/g, ' ');
  if (question === '') return null;
  return createHash('sha256').update(question).digest().readBigInt64BE().toString();
}

/** What keeps an item from being approved: it needs a question and an answer, or a dialogue. Empty when nothing does. */
export function missingForApproval(content: ItemContent): { field: string; error: string; code: string }[] {
  if (content.dialogue) return [];
  const missing = [];
  if (questionOf(content) === '') {
    missing.push({ field: 'editedQuestion', error: 'An approved item needs a question', code: 'required' });
  }
  if (answerOf(content) === '') {
    missing.push({ field: 'answer', error: 'An approved item needs an answer', code: 'required' });
  }
  return missing;
}

/** Whether an item can be approved. */
export function isComplete(content: ItemContent): boolean {
  return missingForApproval(content).length === 0;
}

/** Faults of content that every member's own schema lets pass: too deep, too large as a whole, text that cannot be stored. */
export function faultOfWhole(content: ItemContent): { error: string; code: string } | undefined {
  if (isDeeperThan(MAX_DEPTH, content)) {
    return { error: `Content is nested more than ${String(MAX_DEPTH)} levels deep`, code: 'too_deep' };
  }
  const printed = JSON.stringify(content);
  if (Buffer.byteLength(printed) > MAX_CONTENT_BYTES) {
    return { error: `Content is larger than ${String(MAX_CONTENT_BYTES)} bytes`, code: 'too_large' };
  }
  if (printed.includes('\\u') && !isStorableDeep(content)) {
    return { error: 'Text contains a NUL character or a lone surrogate', code: 'invalid_text' };
  }
  return undefined;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}

function isStorableDeep(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (Array.isArray(value)) return value.every(isStorableDeep);
  if (value === null || typeof value !== 'object') return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorableDeep(member));
}

/** Members that differ, each with what it was and what it is: a history entry, from which versions are restored. */
export type ContentChanges = Record<string, { readonly from: unknown; readonly to: unknown }>;

/** What differs between two contents. */
export function changesBetween(before: ItemContent, after: ItemContent): ContentChanges {
  const from = before as Record<string, unknown>;
  const to = after as Record<string, unknown>;
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return Object.fromEntries(
    names
      .filter((name) => !isSame(from[name], to[name]))
      .map((name) => [name, { from: from[name] ?? null, to: to[name] ?? null }]),
  );
}

/** Whether two JSON values are equal, whatever the order of members. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other || (one == null && other == null)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const a = one as Record<string, unknown>;
  const b = other as Record<string, unknown>;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => name in b && isSame(a[name], b[name]))
  );
}
