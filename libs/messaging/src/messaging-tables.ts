import type { QueryRunner } from 'typeorm';

/*
 * Names are unqualified: the role's search path is its own schema. The outbox is a queue, so most of its rows are
 * dead to the relay: partial indexes keep its reads small, and an eager autovacuum keeps those indexes small.
 */
const CREATE = [
  `CREATE TABLE outbox (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     message_id uuid NOT NULL,
     event text NOT NULL,
     key text NOT NULL,
     data json NOT NULL,
     correlation_id text NOT NULL,
     causation_id text,
     traceparent text,
     occurred_at timestamptz NOT NULL,
     attempts integer NOT NULL DEFAULT 0,
     next_attempt_at timestamptz,
     last_error text,
     published_at timestamptz
   ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)`,
  `CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL`,
  `CREATE INDEX outbox_held_back ON outbox (key) WHERE next_attempt_at IS NOT NULL`,
  `CREATE INDEX outbox_published_at ON outbox USING brin (published_at) WITH (pages_per_range = 32)`,
  // A function for the sake of its settings: the planner never knows how many rows are unsent just now, and when it
  // guesses few it reads and sorts them all (measured: 25 ms a look at a backlog of 20,000, against 2). For the same
  // reason the inner query does not say that the row is unsent, which a row with a next attempt always is: it would
  // let the planner take outbox_unpublished there too, and read the whole backlog once per row (measured: 2 s a look).
  `CREATE FUNCTION outbox_due(most integer) RETURNS SETOF outbox LANGUAGE sql STABLE
     SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
   AS $$
     SELECT * FROM outbox AS o
     WHERE published_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM outbox AS held
                       WHERE held.key = o.key AND held.next_attempt_at > now())
     ORDER BY id LIMIT most
   $$`,
  `CREATE TABLE outbox_lease (
     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
     owner uuid,
     epoch bigint NOT NULL DEFAULT 0,
     expires_at timestamptz NOT NULL DEFAULT '-infinity'
   ) WITH (fillfactor = 50)`,
  `INSERT INTO outbox_lease DEFAULT VALUES`,
  // No surrogate key: the primary key is the deduplication.
  `CREATE TABLE inbox (
     consumer text NOT NULL,
     message_id uuid NOT NULL,
     consumed_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (consumer, message_id)
   )`,
  // Rows arrive in time order, so BRIN serves the purge at next to no cost per message.
  `CREATE INDEX inbox_consumed_at ON inbox USING brin (consumed_at) WITH (pages_per_range = 32)`,
  `CREATE TABLE dead_letters (
     id uuid PRIMARY KEY,
     consumer text NOT NULL,
     message_id text NOT NULL,
     event text,
     body text NOT NULL,
     reason text NOT NULL,
     error_class text,
     error_message text,
     fingerprint text,
     attempts integer NOT NULL,
     status text NOT NULL DEFAULT 'parked' CHECK (status IN ('parked', 'redriven', 'dropped')),
     times_parked integer NOT NULL DEFAULT 1,
     parked_at timestamptz NOT NULL DEFAULT now(),
     audit jsonb NOT NULL DEFAULT '[]',
     CONSTRAINT dead_letters_message UNIQUE (consumer, message_id)
   )`,
  `CREATE INDEX dead_letters_parked ON dead_letters (consumer, id) WHERE status = 'parked'`,
];

/** Makes outbox, outbox_lease, inbox and dead_letters in the service's schema. For the service's first migration. */
export async function createMessagingTables(runner: QueryRunner): Promise<void> {
  for (const statement of CREATE) await runner.query(statement);
}

/** Undoes `createMessagingTables`; unsent events and dead letters are gone with it. */
export async function dropMessagingTables(runner: QueryRunner): Promise<void> {
  await runner.query('DROP FUNCTION outbox_due');
  await runner.query('DROP TABLE dead_letters, inbox, outbox_lease, outbox');
}
