import { text } from '@hornbook/contracts';
import { z } from 'zod';

/** Longest name of a dataset and longest id of an item, in UTF-16 units: what fits into one step of a path. */
export const MAX_NAME = 100;

const datasetPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const idPattern = /^[\p{L}\p{N}\p{M}._~:@|+=()-]+$/u;
const tagPattern = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,49}:[\p{L}\p{N}][\p{L}\p{N}\p{M} _.+-]{0,49}$/u;

/** Words that stand where a dataset's name stands in a path. */
const reservedNames = new Set(['snapshots', 'snapshot', 'stats', 'tags', 'tag-groups']);

/** Name of a dataset: it stands in paths as it is. */
export const datasetNameSchema = z
  .string()
  .regex(datasetPattern, '1–100 of A–Z, a–z, 0–9, ".", "_" and "-", the first a letter or digit')
  .refine((name) => !reservedNames.has(name), {
    error: 'This name is reserved',
    params: { code: 'reserved' },
  });

/** Whether a text can be the id of an item: letters and digits of any script, and `._~:@|+=()-`; composed (NFC). */
export function isItemId(id: string): boolean {
  return id.length <= MAX_NAME && idPattern.test(id) && !/^\.+$/.test(id) && id.normalize('NFC') === id;
}

/** Id of an item. */
export const itemIdSchema = z.string().refine(isItemId, {
  error: `1–${String(MAX_NAME)} letters, digits and ._~:@|+=()- in composed form (NFC), not only dots`,
  params: { code: 'invalid_id' },
});

/** `group:value`. */
export const tagSchema = z
  .string()
  .regex(tagPattern, 'A tag is group:value, each 1–50 letters, digits, "_", "." or "-"');

/** The group of a tag. */
export function groupOf(tag: string): string {
  return tag.slice(0, tag.indexOf(':'));
}

/** Code of a reason: a word for statistics, or a short sentence. */
export const reasonSchema = text({ min: 1, max: 500 });
