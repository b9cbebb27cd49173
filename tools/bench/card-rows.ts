import { Readable } from 'node:stream';

// Cards for the bench: about 0.9 KB each as JSON, 10,000 of them 9 MB, and every second one is published.

const PARAGRAPHS = 64;
const PARAGRAPH_LENGTH = 640;
/** Rows of one piece of a streamed file, about 230 KB: larger than a socket's buffer, small beside any bound. */
const PIECE_ROWS = 256;

const words =
  'harbour lantern momentum ledger garden window copper village morning letter bridge teacher question river market silver paper winter answer station orchard pencil engine valley cabin anchor meadow thunder saddle copper mirror basket'.split(
    ' ',
  );

/** Plain words in an order that differs from paragraph to paragraph and not from run to run. */
function paragraph(seed: number): string {
  let state = seed * 2_654_435_761 + 12_345;
  let text = '';
  while (text.length < PARAGRAPH_LENGTH) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += `${words[(state >>> 8) % words.length] ?? ''} `;
  }
  return text.slice(0, PARAGRAPH_LENGTH).trim();
}

const paragraphs = Array.from({ length: PARAGRAPHS }, (_, seed) => paragraph(seed));

/** A card before it is written in one form or the other; nothing in it needs escaping in JSON or in COPY's text. */
export interface BenchCard {
  readonly title: string;
  readonly body: string;
  readonly category: string;
  readonly privacy: 'BUSINESS' | 'PRIVATE';
  readonly sourceUrl: string;
  readonly externalId: string;
  readonly metadata: string;
}

/** Card `index` of a run; every second one is published. */
export function benchCard(run: string, index: number): BenchCard {
  const number = String(index);
  return {
    title: `How to build momentum, part ${number} of ${run}`,
    body: `${number}: ${paragraphs[index % PARAGRAPHS] ?? ''}`,
    category: index % 3 === 0 ? 'BUSINESS' : 'PROGRAM',
    privacy: index % 2 === 0 ? 'BUSINESS' : 'PRIVATE',
    sourceUrl: `https://social.example/${run}/status/${number}`,
    externalId: `${run}-${number}`,
    metadata: `{"author":"writer-${String(index % 97)}","likes":${String(index % 1_000)}}`,
  };
}

/** How many of the first `count` cards are published. */
export function publishedOf(count: number): number {
  return Math.ceil(count / 2);
}

/** A card as JSON, as it stands in a request and in a line of NDJSON. */
export function cardJson(run: string, index: number): string {
  const { title, body, category, privacy, sourceUrl, externalId, metadata } = benchCard(run, index);
  return `{"title":"${title}","body":"${body}","category":"${category}","privacy_level":"${privacy}","tags":["business","growth"],"source_platform":"twitter","source_url":"${sourceUrl}","external_id":"${externalId}","metadata":${metadata}}`;
}

/** Body of `POST /bulk/import`. */
export function importBody(run: string, count: number): string {
  return `{"cards":[${Array.from({ length: count }, (_, index) => cardJson(run, index)).join(',')}]}`;
}

function* pieces(run: string, count: number): Generator<Buffer> {
  for (let first = 0; first < count; first += PIECE_ROWS) {
    let text = '';
    for (let index = first; index < Math.min(count, first + PIECE_ROWS); index++)
      text += `${cardJson(run, index)}\n`;
    yield Buffer.from(text, 'latin1');
  }
}

/** A file of NDJSON that is made while it is sent. */
export function ndjsonStream(run: string, count: number): Readable {
  return Readable.from(pieces(run, count), { objectMode: false, highWaterMark: 256 * 1024 });
}
