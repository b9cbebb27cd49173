import { withClient, type PostgresServer } from '@hornbook/testing';

/** Segments of 16 MB that make up `min_wal_size` of the bench's server. */
const SEGMENTS = 256;
const MAKE_SEGMENTS = `
  DO $$ BEGIN
    FOR segment IN 1..${String(SEGMENTS)} LOOP
      PERFORM pg_logical_emit_message(false, 'bench', 'fills a segment');
      PERFORM pg_switch_wal();
    END LOOP;
  END $$`;

/**
 * Gives a new server the segments of the write-ahead log that one has which has run for a while: a server uses its old
 * ones again. A new one makes each when it needs it, writing 16 MB of zeros and an fsync of them (70–100 ms) while all
 * transactions wait, which would be measured instead.
 */
export async function makeLogSegments(postgres: PostgresServer): Promise<void> {
  await withClient(postgres.adminUrl, (client) => client.query(MAKE_SEGMENTS));
  await reuseLogSegments(postgres);
}

/** A checkpoint: what the log holds by now may be written over. The first change of each page is a whole page again. */
export async function reuseLogSegments(postgres: PostgresServer): Promise<void> {
  await withClient(postgres.adminUrl, (client) => client.query('CHECKPOINT'));
}
