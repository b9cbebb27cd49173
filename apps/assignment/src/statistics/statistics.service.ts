import type { Identity } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { NotFoundError, ProblemError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { isManager } from '../assignments/caller.js';
import { countsOf } from '../datasets/datasets.service.js';
import type { ItemStats, Work, WorkQuery } from './statistics.schemas.js';

/** Rows one answer holds at most. */
const MOST = 5_000;
const DAY_MS = 86_400_000;
const LONGEST_DAYS = 366;

const ITEMS = `
  SELECT d.name AS dataset, c.tag, json_object_agg(c.state, c.items) AS states
  FROM datasets AS d JOIN (
    SELECT dataset_id, tag, state, sum(items) AS items FROM item_counts GROUP BY dataset_id, tag, state
  ) AS c ON c.dataset_id = d.id
  WHERE $1::text IS NULL OR d.name = $1
  GROUP BY d.name, c.tag ORDER BY d.name, c.tag`;

const groupings = {
  user: { columns: ['a.user_id'], names: ['user'] },
  day: { columns: ['a.day::text'], names: ['day'] },
  dataset: { columns: ['d.name'], names: ['dataset'] },
  userDay: { columns: ['a.user_id', 'a.day::text'], names: ['user', 'day'] },
} as const;

const work = (by: keyof typeof groupings): string => {
  const { columns, names } = groupings[by];
  const labels = columns.map((column, index) => `${column} AS "${names[index] ?? ''}"`).join(', ');
  return `
    SELECT ${names.map((name) => `"${name}"`).join(', ')}, json_object_agg(action, items) AS actions,
      sum(seconds) FILTER (WHERE action IN ('approved', 'skipped', 'deleted'))::float
        / nullif(sum(items) FILTER (WHERE action IN ('approved', 'skipped', 'deleted')), 0) AS "meanSecondsToDecision"
    FROM (
      SELECT ${labels}, a.action, sum(a.items)::integer AS items, sum(a.seconds) AS seconds
      FROM action_counts AS a JOIN datasets AS d ON d.id = a.dataset_id
      WHERE a.day BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR d.name = $3) AND ($4::text IS NULL OR a.user_id = $4)
      GROUP BY ${columns.join(', ')}, a.action
    ) AS done
    GROUP BY ${names.map((name) => `"${name}"`).join(', ')} ORDER BY ${names.map((name) => `"${name}"`).join(', ')} LIMIT ${String(MOST)}`;
};

/** Statistics, all from counters that every change keeps; no item is looked at. */
@Injectable()
export class StatisticsService {
  constructor(private readonly database: Database) {}

  /** How many items are where, by dataset and tag. @throws NotFoundError for an unknown dataset */
  async items(dataset: string | undefined): Promise<ItemStats> {
    type Row = { dataset: string; tag: string; states: Record<string, number> };
    const rows = await this.database.query<Row>(ITEMS, [dataset ?? null]);
    if (dataset !== undefined && rows.length === 0) await this.refuseUnknown(dataset);
    const datasets = rows.flatMap((row) =>
      row.tag === '' ? [{ dataset: row.dataset, ...countsOf(row.states) }] : [],
    );
    const whole: Record<string, number> = {};
    const tags = new Map<string, Record<string, number>>();
    for (const { tag, states } of rows) {
      const sum = tag === '' ? whole : (tags.get(tag) ?? {});
      for (const [state, items] of Object.entries(states)) sum[state] = (sum[state] ?? 0) + items;
      if (tag !== '') tags.set(tag, sum);
    }
    return {
      ...countsOf(whole),
      datasets,
      tags: [...tags]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([tag, states]) => {
          const { assigned: _, ...counts } = countsOf(states);
          return { tag, ...counts };
        }),
    };
  }

  /** What was done; of reviewers only their own. @throws ProblemError `forbidden`, NotFoundError */
  async work({ from, to, dataset, user, by }: WorkQuery, caller: Identity): Promise<Work> {
    if (user !== undefined && user !== caller.owner && !isManager(caller)) {
      throw new ProblemError('forbidden', { detail: "Others' work is shown to curators and admins" });
    }
    if (dataset !== undefined) await this.refuseUnknown(dataset);
    const last = to ?? new Date().toISOString().slice(0, 10);
    const earliest = new Date(Date.parse(last) - (LONGEST_DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
    const month = new Date(Date.parse(last) - 29 * DAY_MS).toISOString().slice(0, 10);
    const first = from === undefined ? month : from < earliest ? earliest : from;
    const whose = isManager(caller) ? (user ?? null) : caller.owner;
    const items = await this.database.query<Work['items'][number]>(work(by), [
      first,
      last,
      dataset ?? null,
      whose,
    ]);
    return { from: first, to: last, items };
  }

  private async refuseUnknown(dataset: string): Promise<void> {
    const known = await this.database.query('SELECT FROM datasets WHERE name = $1', [dataset]);
    if (known.length === 0) throw new NotFoundError(`Dataset ${dataset}`);
  }
}
