import type { Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { NotFoundError, ProblemError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { countsOf } from '../datasets/datasets.service.js';
import { etagOf, isMet, readIfMatch } from '../items/etag.js';
import { groupOf } from '../items/item-names.js';
import { PreconditionRequiredError } from '../items/items.errors.js';
import type { TagGroup, TagGroupPut } from './tags.schemas.js';

interface TagRow {
  readonly tag: string;
  readonly description: string | null;
  readonly states: Record<string, number>;
}

interface GroupRow {
  readonly name: string;
  readonly exclusive: boolean;
  readonly description: string;
  readonly version: number;
}

/** Tags one list shows at most. */
const MOST_TAGS = 5_000;

const TAGS = `
  WITH used AS (
    SELECT tag, state, sum(items) AS items FROM item_counts AS c JOIN datasets AS d ON d.id = c.dataset_id
    WHERE tag <> '' AND ($1::text IS NULL OR d.name = $1) GROUP BY tag, state
  )
  SELECT coalesce(used.tag, tags.name) AS tag, tags.description,
    coalesce(json_object_agg(used.state, used.items) FILTER (WHERE used.state IS NOT NULL), '{}') AS states
  FROM used FULL JOIN tags ON tags.name = used.tag
  GROUP BY 1, 2 ORDER BY 1 LIMIT ${String(MOST_TAGS)}`;

/** Tags and the rules of their groups. */
@Injectable()
export class TagsService {
  constructor(private readonly database: Database) {}

  /** Groups by name, with their tags and how many items have them. @throws NotFoundError for an unknown dataset */
  async list(dataset: string | undefined): Promise<{ items: TagGroup[] }> {
    if (dataset !== undefined) {
      const known = await this.database.query('SELECT FROM datasets WHERE name = $1', [dataset]);
      if (known.length === 0) throw new NotFoundError(`Dataset ${dataset}`);
    }
    return { items: await this.groups(this.database.dataSource.manager, dataset) };
  }

  /** Makes or changes a group. Items that break its rule are left alone until they are saved. */
  async put(
    name: string,
    request: TagGroupPut,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<TagGroup> {
    const { exclusive, description, tags } = request;
    return this.database.transaction(async (tx) => {
      const made = await queryRows(
        tx,
        `INSERT INTO tag_groups (name, exclusive, description, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO NOTHING RETURNING name`,
        [name, exclusive, description, caller.sub],
      );
      if (made.length === 0) await this.update(tx, name, request, ifMatch, caller);
      await queryRows(tx, 'DELETE FROM tags WHERE group_name = $1', [name]);
      await queryRows(
        tx,
        `INSERT INTO tags (name, group_name, description, created_by)
         SELECT DISTINCT ON (tag) $1 || ':' || tag, $1, description, $4 FROM unnest($2::text[], $3::text[]) AS given (tag, description)`,
        [name, tags.map(({ value }) => value), tags.map((tag) => tag.description), caller.sub],
      );
      const group = (await this.groups(tx, undefined)).find((each) => each.name === name);
      if (!group) throw new Error(`Tag group ${name} is missing after it was written`);
      return group;
    });
  }

  private async update(
    tx: Tx,
    name: string,
    { exclusive, description }: TagGroupPut,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<void> {
    const [before] = await queryRows<{ version: number }>(
      tx,
      'SELECT version FROM tag_groups WHERE name = $1 FOR UPDATE',
      [name],
    );
    const precondition = readIfMatch(ifMatch);
    if (precondition.kind === 'none') throw new PreconditionRequiredError();
    const version = before?.version ?? 0;
    if (!isMet(precondition, version)) {
      throw new ProblemError('precondition_failed', {
        detail: `Tag group ${name} was changed meanwhile: it has version ${String(version)}; read it again`,
        members: { current: { version, etag: etagOf(version) } },
      });
    }
    await queryRows(
      tx,
      `UPDATE tag_groups SET exclusive = $2, description = $3, version = version + 1, updated_at = now(), updated_by = $4
       WHERE name = $1`,
      [name, exclusive, description, caller.sub],
    );
  }

  private async groups(tx: Tx, dataset: string | undefined): Promise<TagGroup[]> {
    const known = await queryRows<GroupRow>(
      tx,
      'SELECT name, exclusive, description, version FROM tag_groups',
    );
    const groups = new Map<string, TagGroup>();
    const groupNamed = (name: string): TagGroup => {
      const row = known.find((group) => group.name === name) ?? {
        name,
        exclusive: false,
        description: '',
        version: 0,
      };
      const group = groups.get(name) ?? { ...row, etag: etagOf(row.version), tags: [] };
      groups.set(name, group);
      return group;
    };
    for (const { name } of known) groupNamed(name);
    for (const { tag, description, states } of await queryRows<TagRow>(tx, TAGS, [dataset ?? null])) {
      groupNamed(groupOf(tag)).tags.push({
        name: tag,
        description: description ?? '',
        counts: countsOf(states),
      });
    }
    return [...groups.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
