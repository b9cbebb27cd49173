import { once } from 'node:events';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Rig } from '../chaos/rig.ts';
import { call, importItem, withAssignment, type AssignmentWorld } from './assignment-world.ts';
import type { Measurement } from './measure.ts';

const ITEMS = 10_000;
const ROUNDS = 5;

interface Imported {
  readonly imported: number;
  readonly failed: number;
}

const bodyOf = (dataset: string): string =>
  JSON.stringify(Array.from({ length: ITEMS }, (_, number) => importItem(dataset, number)));

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

async function copy(client: Client, statement: string, lines: readonly string[]): Promise<void> {
  const stream = client.query(copyFrom(statement));
  stream.end(lines.join(''));
  await once(stream, 'finish');
}

/** The same rows by COPY into the same tables in one transaction; tags, hashes and search vectors come ready-made. */
async function copyRound(client: Client, dataset: string): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `INSERT INTO datasets (name, created_by, updated_by) VALUES ($1, 'bench', 'bench') RETURNING id`,
    [dataset],
  );
  const datasetId = String(rows[0]?.id);
  const items = Array.from({ length: ITEMS }, (_, number) => importItem(dataset, number));
  const vectors = await client.query<{ search: string }>(
    `SELECT to_tsvector('simple', words)::text AS search FROM unnest($1::text[]) WITH ORDINALITY AS t (words, place) ORDER BY place`,
    [items.map(({ synthQuestion, answer }) => `${String(synthQuestion)}\n${String(answer)}`)],
  );
  const bucket = crypto.randomUUID();
  const keys = await client.query<{ pk: string }>(
    `SELECT nextval(pg_get_serial_sequence('items', 'pk')) AS pk FROM generate_series(1, $1)`,
    [ITEMS],
  );
  const escape = (text: string): string => text.replaceAll('\\', '\\\\');
  const itemLines = items.map(({ id, datasetName: _, ...content }, index) => {
    const tags = `{"${(content['manualTags'] as string[]).join('","')}"}`;
    const search = escape(vectors.rows[index]?.search ?? '');
    return `${keys.rows[index]?.pk ?? ''}\t${datasetId}\t${String(id)}\t${bucket}\t${escape(JSON.stringify(content))}\t${tags}\t${String(index)}\t${search}\tbench\n`;
  });
  const stateLines = items.map(({ manualTags }, index) => {
    const tags = `{"${(manualTags as string[]).join('","')}"}`;
    return `${keys.rows[index]?.pk ?? ''}\t${datasetId}\t${String(Math.floor(Math.random() * 2_147_483_647))}\tbench\tbench\t${tags}\n`;
  });
  return secondsOf(async () => {
    await client.query('BEGIN');
    await copy(
      client,
      'COPY items (pk, dataset_id, id, bucket, content, tags, question_hash, search, created_by) FROM STDIN',
      itemLines,
    );
    await copy(
      client,
      'COPY item_states (item_pk, dataset_id, rnd, author, updated_by, tags) FROM STDIN',
      stateLines,
    );
    await client.query('COMMIT');
  });
}

/** An import of 10,000 items in one request, direct and through the gateway, beside COPY of the same rows, in turns. */
export function measureAssignmentImport(rig: Rig): Promise<Measurement[]> {
  return withAssignment(rig, 1, (world) => measure(world, rig.platform.info.apiKey));
}

async function measure(world: AssignmentWorld, apiKey: string): Promise<Measurement[]> {
  const key = { authorization: `Bearer ${apiKey}` };
  const http = async (
    pool: typeof world.door,
    headers: Record<string, string>,
    dataset: string,
  ): Promise<number> => {
    const body = bodyOf(dataset);
    return secondsOf(async () => {
      const answer = await call<Imported>(pool, headers, 'POST', '/v1/ground-truths', body);
      if (answer.imported !== ITEMS) throw new Error(`imported ${JSON.stringify(answer)}`.slice(0, 500));
    });
  };
  const seconds = { direct: [] as number[], door: [] as number[], copy: [] as number[] };
  const run = String(process.pid);
  await http(world.direct, await world.identity(), `import-warm-${run}`);
  await copyRound(world.sql, `copy-warm-${run}`);
  for (let round = 0; round < ROUNDS; round++) {
    const name = `${run}-${String(round)}`;
    seconds.direct.push(await http(world.direct, await world.identity(), `import-direct-${name}`));
    seconds.copy.push(await copyRound(world.sql, `copy-${name}`));
    seconds.door.push(await http(world.door, key, `import-door-${name}`));
  }
  const ratio = (other: readonly number[]): number[] =>
    other.map((each, round) => (seconds.copy[round] ?? NaN) / each);
  return [
    { what: 'import of 10,000 items over HTTP', values: seconds.direct, unit: 's' },
    { what: '  through the gateway', values: seconds.door, unit: 's', bound: { atMost: 2 } },
    { what: '  COPY of the same rows', values: seconds.copy, unit: 's', note: 'search vectors ready-made' },
    { what: '  HTTP / COPY', values: ratio(seconds.direct), unit: '', bound: { atLeast: 0.3 } },
    { what: '  through the gateway / COPY', values: ratio(seconds.door), unit: '' },
  ];
}
