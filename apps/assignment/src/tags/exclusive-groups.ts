import { queryRows, type Tx } from '@hornbook/database';
import { groupOf } from '../items/item-names.js';

/** Names of the groups of which an item may have one tag only. */
export async function exclusiveGroups(tx: Tx): Promise<Set<string>> {
  const groups = await queryRows<{ name: string }>(tx, 'SELECT name FROM tag_groups WHERE exclusive');
  return new Set(groups.map(({ name }) => name));
}

/** The first two tags that exclude each other, or undefined. */
export function clashOf(
  tags: readonly string[],
  exclusive: ReadonlySet<string>,
): [string, string] | undefined {
  const taken = new Map<string, string>();
  for (const tag of new Set(tags)) {
    const group = groupOf(tag);
    if (!exclusive.has(group)) continue;
    const other = taken.get(group);
    if (other !== undefined) return [other, tag];
    taken.set(group, tag);
  }
  return undefined;
}

/** What is wrong with two tags of one exclusive group. */
export function clashMessage([one, other]: readonly [string, string]): string {
  return `Tags ${one} and ${other} exclude each other: an item has one tag of the group ${groupOf(one)}`;
}
