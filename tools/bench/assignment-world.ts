import { Pool as HttpPool } from 'undici';
import pg from 'pg';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets } from '../start/secrets.ts';
import { identityHeader } from './identity.ts';
import { percentile, type Measurement } from './measure.ts';

/** An item as self-serve and `/my` show it, as far as the bench looks. */
export interface Held {
  readonly dataset: string;
  readonly id: string;
}

/** Answer of self-serve, as far as the bench looks. */
export interface Served {
  readonly assigned: readonly Held[];
  readonly assignedCount: number;
  readonly shortfall: string | null;
}

/** Times of many calls, milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Calls a second, all clients together. */
  readonly perSecond: number;
  readonly calls: number;
}

/** The ways to assignment: through the gateway, directly, and to its tables. */
export interface AssignmentWorld {
  readonly door: HttpPool;
  readonly direct: HttpPool;
  /** Identity by which the service is called directly, good for a minute. */
  identity(): Promise<Record<string, string>>;
  readonly sql: pg.Client;
  /** A further connection to the service's tables. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

/** Longest call, milliseconds. */
const CALL_MS = 300_000;
/** Items made by one statement of `fill`. */
const FILL_CHUNK = 50_000;

async function openAssignment({ platform, postgres }: Rig, clients: number): Promise<AssignmentWorld> {
  const { info } = platform;
  const options = { connections: clients, headersTimeout: CALL_MS, bodyTimeout: CALL_MS };
  const door = new HttpPool(info.gateway, options);
  const direct = new HttpPool(info.services['assignment'] ?? '', options);
  const open: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: postgres.adminUrl,
      options: '-c search_path=assignment',
    });
    // A statement that fails says so itself; between two of them the end of the server is no news.
    client.on('error', () => undefined);
    await client.connect();
    open.push(client);
    return client;
  };
  return {
    door,
    direct,
    identity: async () => identityHeader(await loadSecrets([])),
    sql: await connect(),
    connect,
    async close() {
      await Promise.all([door.close(), direct.close(), ...open.map((client) => client.end())]);
    },
  };
}

/** Opens them for `work` and closes them, whatever becomes of it. @param clients connections to the gateway */
export async function withAssignment(
  rig: Rig,
  clients: number,
  work: (world: AssignmentWorld) => Promise<Measurement[]>,
): Promise<Measurement[]> {
  const world = await openAssignment(rig, clients);
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

/** One call with a JSON body or none. @throws Error unless it is answered with 200 or 201 */
export async function call<Answer>(
  pool: HttpPool,
  headers: Record<string, string>,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: string,
): Promise<Answer> {
  const answer = await pool.request({
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  if (answer.statusCode > 201)
    throw new Error(`${method} ${path} answered ${String(answer.statusCode)}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Answer;
}

/** Self-serve through the gateway as `user`. */
export function serve(
  { door }: AssignmentWorld,
  user: string,
  limit: number,
  datasets?: readonly string[],
): Promise<Served> {
  const body = JSON.stringify({ limit, ...(datasets ? { datasets } : {}) });
  return call(door, { 'x-user-id': user }, 'POST', '/v1/assignments/self-serve', body);
}

/** An item as an import takes it: some 600 bytes. */
export function importItem(dataset: string, number: number): Record<string, unknown> {
  return {
    id: `item-${String(number).padStart(7, '0')}`,
    datasetName: dataset,
    synthQuestion: `What does phrase number ${String(number)} of lesson ${String(number % 97)} mean?`,
    answer: 'It is said when people part in the evening and expect to meet again. '.repeat(6),
    contextSource: `lesson ${String(number % 97)}`,
    manualTags: [`topic:t${String(number % 20)}`],
  };
}

const FILL = `
  WITH fresh AS (
    INSERT INTO items (dataset_id, id, bucket, content, question_hash, search, created_by)
    SELECT (($1::integer[])[1 + n / 500 % cardinality($1::integer[])]), 'item-' || n, md5((n % 5)::text)::uuid,
      jsonb_build_object('synthQuestion', 'What does phrase number ' || n || ' mean?',
        'answer', repeat('It is said when people part in the evening. ', 9), 'contextSource', 'lesson ' || n % 97),
      hashint8extended(n, 0), to_tsvector('simple', 'What does phrase number ' || n % 5000 || ' mean?'), 'bench'
    FROM generate_series($2::integer, $3::integer) AS n
    RETURNING pk, dataset_id
  ), states AS (
    INSERT INTO item_states (item_pk, dataset_id, rnd, author, updated_by)
    SELECT pk, dataset_id, ((hashint8(pk / 32) & 67108863) * 32 + pk % 32)::integer, 'bench', 'bench' FROM fresh
  )
  INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
  SELECT dataset_id, '', 'draft', -1, count(*) FROM fresh GROUP BY dataset_id
  ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items`;

/**
 * Fills datasets up from `from` items to `to`, past the service, and has the tables vacuumed as autovacuum would later.
 * @returns ids of the datasets
 */
export async function fill(
  { sql }: AssignmentWorld,
  datasets: readonly string[],
  from: number,
  to: number,
): Promise<number[]> {
  await sql.query(
    `INSERT INTO datasets (name, weight, created_by, updated_by) SELECT name, 0, 'bench', 'bench'
     FROM unnest($1::text[]) AS name ON CONFLICT (name) DO NOTHING`,
    [datasets],
  );
  const { rows } = await sql.query<{ id: number }>(
    'SELECT id FROM datasets WHERE name = ANY ($1::text[]) ORDER BY id',
    [datasets],
  );
  const ids = rows.map(({ id }) => id);
  for (let first = from + 1; first <= to; first += FILL_CHUNK) {
    await sql.query(FILL, [ids, first, Math.min(to, first + FILL_CHUNK - 1)]);
  }
  for (const table of ['items', 'item_states', 'item_counts']) await sql.query(`VACUUM ANALYZE ${table}`);
  // As the log of a server that has run for a while: see log-segments.ts.
  await sql.query('CHECKPOINT');
  return ids;
}

/**
 * Calls from `clients` at once, until `calls` are made or `ms` have passed.
 * @param work one call; gets the client's number and how many calls began before
 */
export async function timed(
  clients: number,
  until: { readonly calls?: number; readonly ms?: number },
  work: (client: number, call: number) => Promise<void>,
): Promise<Times> {
  const times: number[] = [];
  const started = performance.now();
  const deadline = started + (until.ms ?? Infinity);
  const most = until.calls ?? Infinity;
  let begun = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (begun < most && performance.now() < deadline) {
        const before = performance.now();
        await work(client, begun++);
        times.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  return {
    p50: percentile(times, 50),
    p95: percentile(times, 95),
    p99: percentile(times, 99),
    perSecond: times.length / seconds,
    calls: times.length,
  };
}
