import { queryRows, type Tx } from '@hornbook/database';

/** What a dataset says of the way its items are handed out. */
export interface DatasetPolicy {
  readonly id: number;
  readonly name: string;
  /** Share of self-serve; 0 is served only when named. */
  readonly weight: number;
  readonly leaseMinutes: number | null;
  /** Reviewers an item needs; above 1 slots are handed out, not items. */
  readonly requiredReviews: number;
  /** Most items of this dataset that one user holds. */
  readonly perUserCap: number | null;
  readonly skipFlagAfter: number;
}

/** Columns of a `DatasetPolicy`, over `d`. */
export const POLICY_COLUMNS = `d.id, d.name, d.weight, d.lease_minutes AS "leaseMinutes",
  d.required_reviews AS "requiredReviews", d.per_user_cap AS "perUserCap", d.skip_flag_after AS "skipFlagAfter"`;

/** Policies of datasets by name; those that do not exist are made with the defaults. */
export async function ensureDatasets(
  tx: Tx,
  names: readonly string[],
  actor: string,
): Promise<Map<string, DatasetPolicy>> {
  // Sorted, so that two requests which make the same datasets wait for each other in one order only.
  await queryRows(
    tx,
    `INSERT INTO datasets (name, created_by, updated_by)
     SELECT name, $2, $2 FROM unnest($1::text[]) AS wanted (name)
     WHERE NOT EXISTS (SELECT FROM datasets WHERE datasets.name = wanted.name)
     ORDER BY name ON CONFLICT (name) DO NOTHING`,
    [names, actor],
  );
  const found = await queryRows<DatasetPolicy>(
    tx,
    `SELECT ${POLICY_COLUMNS} FROM datasets AS d WHERE d.name = ANY ($1::text[])`,
    [names],
  );
  return new Map(found.map((dataset) => [dataset.name, dataset]));
}
