import { faultsOf } from '@hornbook/service-kit';
import { v7 as uuidv7 } from 'uuid';
import {
  compact,
  faultOfWhole,
  missingForApproval,
  tagsOf,
  type ItemContent,
} from '../items/item-content.js';
import { clashMessage, clashOf } from '../tags/exclusive-groups.js';
import { importItemSchema, type ImportError } from './imports.schemas.js';

/** A valid item, ready to be stored. */
export interface NewItem {
  /** Place in the request, from 0. */
  readonly index: number;
  readonly dataset: string;
  readonly id: string;
  readonly bucket: string;
  readonly content: ItemContent;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly dueAt: string | null;
}

/** What items are held against beside their own shape. */
export interface Screening {
  readonly exclusiveGroups: ReadonlySet<string>;
  /** Whether they are to be stored as approved. */
  readonly approve: boolean;
  /** Buckets for items that name none. */
  readonly buckets: readonly string[];
  /** Place of the first item in the whole request. */
  readonly offset: number;
}

/** Most faults told of one item. */
const MOST_FAULTS = 5;

function codeOf(field: string): ImportError['code'] {
  if (/^(manualTags|computedTags)/.test(field)) return 'INVALID_TAG';
  return field === 'id' || field === 'uuid' ? 'INVALID_ID' : 'VALIDATION_FAILED';
}

function idOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, uuid } = value as { id?: unknown; uuid?: unknown };
  const named = id ?? uuid;
  return typeof named === 'string' ? named.slice(0, 100).toWellFormed() : null;
}

/** Sorts the items of a request into those that can be stored and faults of the others. */
export function screenItems(
  values: readonly unknown[],
  screening: Screening,
): { items: NewItem[]; errors: ImportError[] } {
  const items: NewItem[] = [];
  const errors: ImportError[] = [];
  const seen = new Set<string>();
  values.forEach((value, place) => {
    const index = screening.offset + place;
    const screened = screenItem(value, index, screening);
    if (Array.isArray(screened)) {
      errors.push(...screened);
      return;
    }
    const key = `${screened.dataset}/${screened.id}`;
    if (seen.has(key)) {
      const message = `Id ${screened.id} stands in this request more than once`;
      errors.push({ index, itemId: screened.id, field: 'id', code: 'DUPLICATE_ID', message });
      return;
    }
    seen.add(key);
    items.push(screened);
  });
  return { items, errors };
}

function screenItem(value: unknown, index: number, screening: Screening): NewItem | ImportError[] {
  const parsed = importItemSchema.safeParse(value, { reportInput: true });
  const itemId = idOf(value);
  const fail = (field: string, code: ImportError['code'], message: string): ImportError[] => [
    { index, itemId, field, code, message },
  ];
  if (!parsed.success) {
    return faultsOf(parsed.error.issues, 'item')
      .slice(0, MOST_FAULTS)
      .map(({ field, error }) => ({ index, itemId, field, code: codeOf(field), message: error }));
  }
  const { id, uuid, dataset, datasetName, bucket, status, docType, schemaVersion, priority, dueAt, ...rest } =
    parsed.data;
  const name = dataset ?? datasetName;
  if (name === undefined) return fail('dataset', 'VALIDATION_FAILED', 'Required');
  if (datasetName !== undefined && name !== datasetName) {
    return fail('datasetName', 'VALIDATION_FAILED', 'dataset and datasetName differ');
  }
  if (id && uuid && id !== uuid) return fail('uuid', 'INVALID_ID', 'id and uuid differ');
  const content = compact(rest);
  const whole = faultOfWhole(content);
  if (whole) return fail('item', 'VALIDATION_FAILED', whole.error);
  const tags = tagsOf(content);
  const clash = clashOf(tags, screening.exclusiveGroups);
  if (clash) return fail('manualTags', 'INVALID_TAG', clashMessage(clash));
  const [missing] = screening.approve ? missingForApproval(content) : [];
  if (missing) return fail(missing.field, 'APPROVAL_VALIDATION_FAILED', missing.error);
  return {
    index,
    dataset: name,
    id: id || uuid || uuidv7(),
    bucket: bucket ?? screening.buckets[index % screening.buckets.length] ?? '',
    content,
    tags,
    priority: priority ?? 0,
    dueAt: dueAt ?? null,
  };
}
