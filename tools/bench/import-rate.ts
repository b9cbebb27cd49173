import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Pool as HttpPool } from 'undici';
import type { Rig } from '../chaos/rig.ts';
import { loadSecrets } from '../start/secrets.ts';
import { identityHeader } from './identity.ts';
import type { Measurement } from './measure.ts';

const DIALOGUES = 50;
const PHRASES = 12;
const ROWS = DIALOGUES * (PHRASES + 1);
const BATCHES = 40;
const ROUNDS = 5;

let nextSecond = Math.floor(Date.UTC(2030, 0, 1) / 1000);

function batchId(): string {
  const [day = '', time = ''] = new Date(nextSecond++ * 1000).toISOString().slice(0, 19).split('T');
  return `batch-${day}-${time.replaceAll(':', '')}`;
}

function batch(): { batch_id: string } & Record<string, unknown> {
  const id = batchId();
  return {
    batch_id: id,
    source: 'bench',
    dialogues: Array.from({ length: DIALOGUES }, (_, dialogue) => ({
      title: `Asking the way, ${id} ${String(dialogue)}`,
      category_name: dialogue % 2 === 0 ? 'Travel' : 'General',
      difficulty_level: 'intermediate',
      description: 'Two people in a town that one of them does not know.',
      accent: 'british',
      phrases: Array.from({ length: PHRASES }, (_phrase, phrase) => ({
        reference_text: `Excuse me, which of these streets leads to the old harbour, number ${String(phrase)}?`,
        order: phrase + 1,
        speaker: phrase % 2 === 0 ? 'A' : 'B',
      })),
    })),
  };
}

async function httpRound(pool: HttpPool, headers: Record<string, string>): Promise<number> {
  const bodies = Array.from({ length: BATCHES }, () => JSON.stringify(batch()));
  const started = performance.now();
  for (const body of bodies) {
    const answer = await pool.request({
      method: 'POST',
      path: '/api/v1/admin/bulk-import',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    });
    await answer.body.dump({ limit: 10_000_000 });
    if (answer.statusCode !== 201) throw new Error(`bulk-import answered ${String(answer.statusCode)}`);
  }
  return (BATCHES * ROWS) / ((performance.now() - started) / 1000);
}

async function copy(client: pg.Client, statement: string, text: string): Promise<void> {
  const stream = client.query(copyFrom(statement));
  stream.end(text);
  await once(stream, 'finish');
}

/** The same rows by COPY into the same tables, one transaction a batch, ids drawn from the same sequences. */
async function copyRound(client: pg.Client, category: number): Promise<number> {
  const batches = Array.from(
    { length: BATCHES },
    () =>
      batch() as unknown as {
        batch_id: string;
        dialogues: {
          title: string;
          description: string;
          phrases: { reference_text: string; order: number; speaker: string }[];
        }[];
      },
  );
  // The importer stores a search vector with each dialogue; COPY gets it ready-made.
  const vectors = await client.query<{ title: string; search: string }>(
    "SELECT title, to_tsvector('content_import.content', title || E'\\n' || spoken)::text AS search FROM unnest($1::text[], $2::text[]) AS given (title, spoken)",
    [
      batches.flatMap(({ dialogues }) => dialogues.map(({ title }) => title)),
      batches.flatMap(({ dialogues }) =>
        dialogues.map(({ description, phrases }) =>
          [description, ...phrases.map(({ reference_text }) => reference_text)].join('\n'),
        ),
      ),
    ],
  );
  const search = new Map(vectors.rows.map((row) => [row.title, row.search.replaceAll('\\', '\\\\')]));
  const started = performance.now();
  for (const { dialogues } of batches) {
    await client.query('BEGIN');
    const { rows } = await client.query<{ id: string }>(
      "SELECT nextval(pg_get_serial_sequence('content_import.dialogs', 'id')) AS id FROM generate_series(1, $1)",
      [DIALOGUES],
    );
    const dialogText = dialogues
      .map(
        ({ title, description }, index) =>
          `${rows[index]?.id ?? ''}\t${title}\t${String(category)}\t${description}\tintermediate\tbench\tbritish\t${search.get(title) ?? ''}\n`,
      )
      .join('');
    await copy(
      client,
      'COPY content_import.dialogs (id, title, category_id, description, difficulty_level, source, accent, search) FROM STDIN',
      dialogText,
    );
    const phraseText = dialogues
      .flatMap(({ phrases }, index) =>
        phrases.map(
          (phrase) =>
            `${rows[index]?.id ?? ''}\t${phrase.reference_text}\t${String(phrase.order)}\tintermediate\t${phrase.speaker}\n`,
        ),
      )
      .join('');
    await copy(
      client,
      'COPY content_import.phrases (dialog_id, reference_text, "order", difficulty, speaker) FROM STDIN',
      phraseText,
    );
    await client.query('COMMIT');
  }
  return (BATCHES * ROWS) / ((performance.now() - started) / 1000);
}

/** Rows per second of bulk-import over HTTP, direct and through the gateway, beside COPY of the same rows, in turns. */
export async function measureImport(rig: Rig): Promise<Measurement[]> {
  const { info } = rig.platform;
  const direct = new HttpPool(info.services['content-import'] ?? '');
  const door = new HttpPool(info.gateway);
  const client = new pg.Client({ connectionString: info.database });
  await client.connect();
  const identity = await identityHeader(await loadSecrets([]));
  const key = { authorization: `Bearer ${info.apiKey}` };
  await httpRound(direct, identity);
  const { rows } = await client.query<{ id: number }>(
    "SELECT id FROM content_import.categories WHERE name = 'Travel'",
  );
  const category = rows[0]?.id ?? 0;
  await copyRound(client, category);
  const rates = { direct: [] as number[], door: [] as number[], copy: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.direct.push(await httpRound(direct, identity));
    rates.copy.push(await copyRound(client, category));
    rates.door.push(await httpRound(door, key));
  }
  await Promise.all([direct.close(), door.close(), client.end()]);
  const ratio = (other: readonly number[]): number[] =>
    other.map((rate, round) => rate / (rates.copy[round] ?? NaN));
  return [
    { what: 'bulk-import over HTTP, 50 × 12', values: rates.direct, unit: 'rows/s' },
    { what: '  through the gateway', values: rates.door, unit: 'rows/s' },
    { what: '  COPY of the same rows', values: rates.copy, unit: 'rows/s' },
    {
      what: '  HTTP / COPY',
      values: ratio(rates.direct),
      unit: '',
      bound: { atLeast: 0.3 },
      note: 'one connection each',
    },
    { what: '  through the gateway / COPY', values: ratio(rates.door), unit: '' },
  ];
}
