import type { QueryRunner } from 'typeorm';

/*
 * A snapshot names contents by their hash; equal contents are stored once however many snapshots hold them. Rows of a
 * finished snapshot are never changed: triggers refuse it to whoever tries, also past this service's code. They refer
 * to no item: a snapshot outlives what it was taken of.
 */
const CREATE = [
  `CREATE TABLE snapshots (
     id uuid CONSTRAINT snapshots_pkey PRIMARY KEY,
     status text NOT NULL DEFAULT 'building',
     datasets text[] NOT NULL,
     tags text[] NOT NULL,
     note text,
     created_by text NOT NULL,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     attempts integer NOT NULL DEFAULT 0,
     next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     failure text,
     snapshot_at timestamptz,
     dataset_names text[],
     item_count integer,
     bytes bigint,
     hash text,
     CONSTRAINT snapshots_status_check CHECK (status IN ('building', 'ready', 'failed')),
     CONSTRAINT snapshots_ready_check
       CHECK (status <> 'ready' OR num_nulls(snapshot_at, dataset_names, item_count, bytes, hash) = 0)
   )`,
  `CREATE INDEX snapshots_building ON snapshots (next_attempt_at) WHERE status = 'building'`,
  `CREATE TABLE snapshot_contents (
     hash bytea CONSTRAINT snapshot_contents_pkey PRIMARY KEY,
     content text NOT NULL
   )`,
  `CREATE TABLE snapshot_items (
     snapshot_id uuid NOT NULL CONSTRAINT snapshot_items_snapshot_id_fkey REFERENCES snapshots,
     dataset text COLLATE "C" NOT NULL,
     id text COLLATE "C" NOT NULL,
     version integer NOT NULL,
     hash bytea NOT NULL CONSTRAINT snapshot_items_hash_fkey REFERENCES snapshot_contents,
     CONSTRAINT snapshot_items_pkey PRIMARY KEY (snapshot_id, dataset, id) INCLUDE (version, hash)
   )`,
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE FUNCTION refuse_late_item() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN
       IF EXISTS (SELECT FROM added JOIN snapshots ON snapshots.id = snapshot_id WHERE status <> 'building') THEN
         RAISE EXCEPTION 'snapshots are immutable' USING ERRCODE = 'restrict_violation';
       END IF;
       RETURN NULL;
     END $$`,
  `CREATE TRIGGER snapshots_immutable BEFORE UPDATE OR DELETE ON snapshots FOR EACH ROW
     WHEN (OLD.status = 'ready') EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER snapshot_contents_immutable BEFORE UPDATE OR DELETE ON snapshot_contents FOR EACH STATEMENT
     EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER snapshot_items_immutable BEFORE UPDATE OR DELETE ON snapshot_items FOR EACH STATEMENT
     EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER snapshot_items_complete AFTER INSERT ON snapshot_items REFERENCING NEW TABLE AS added
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_item()`,
];

const DROP = [
  'DROP TABLE snapshot_items, snapshot_contents, snapshots',
  'DROP FUNCTION refuse_late_item',
  'DROP FUNCTION refuse_change',
];

/** Makes the tables of snapshots. */
export async function createSnapshotTables(runner: QueryRunner): Promise<void> {
  for (const statement of CREATE) await runner.query(statement);
}

/** Takes them away. */
export async function dropSnapshotTables(runner: QueryRunner): Promise<void> {
  for (const statement of DROP) await runner.query(statement);
}
