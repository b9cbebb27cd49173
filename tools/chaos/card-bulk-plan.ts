// What one run does, drawn from its seed: the same seed draws the same run.

/** What can be killed: both processes of card-bulk (the first takes requests too), its door, its broker, its database. */
export const cardVictims = ['card-bulk', 'card-bulk-2', 'gateway', 'broker', 'postgres'] as const;
/** One of them. */
export type CardVictim = (typeof cardVictims)[number];

/**
 * How the cards are sent.
 * - `json`, `stream`: one request, a few of its rows bad
 * - `atomic`: one request, all or nothing
 * - `twice`: the same request two times at once under one Idempotency-Key
 * - `rivals`: two requests at once for the same cards, which skip what is there
 */
export const manners = ['json', 'stream', 'atomic', 'twice', 'rivals'] as const;
/** One of them. */
export type Manner = (typeof manners)[number];

/** One run. */
export interface CardRun {
  readonly seed: number;
  readonly manner: Manner;
  readonly rows: number;
  /** Every so manieth row has no title; 0 for none. */
  readonly badEvery: number;
  readonly victim: CardVictim;
  /** From the first request to the kill, milliseconds. */
  readonly killAfterMs: number;
  /** How long the part stays away. */
  readonly downMs: number;
}

const MIN_ROWS = 2_000;
const MAX_ROWS = 5_000;
/** An import of that size is over within it on a quiet machine, so that kills come before, in and after the work. */
const MAX_KILL_MS = 900;

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The run that a seed stands for. */
export function planOf(seed: number): CardRun {
  const random = randomOf(seed);
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const one = <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)] as Item;
  const manner = one(manners);
  return {
    seed,
    manner,
    rows: between(MIN_ROWS, MAX_ROWS),
    badEvery: manner === 'atomic' ? 0 : between(100, 700),
    victim: one(cardVictims),
    killAfterMs: between(0, MAX_KILL_MS),
    downMs: between(100, 1_000),
  };
}

/** Whether a row of a run is one that no import takes. */
export function isBad({ badEvery }: CardRun, index: number): boolean {
  return badEvery > 0 && index % badEvery === badEvery - 1;
}

/** What has to be there after a run, however it went. */
export function expectedOf(run: CardRun): { good: number; bad: number; published: number } {
  let bad = 0;
  let published = 0;
  for (let index = 0; index < run.rows; index++) {
    if (isBad(run, index)) bad++;
    else if (isPublic(index)) published++;
  }
  return { good: run.rows - bad, bad, published };
}

const isPublic = (index: number): boolean => index % 2 === 0;

/** A row of a run as JSON. */
export function rowOf(run: CardRun, index: number): string {
  return JSON.stringify({
    ...(isBad(run, index) ? {} : { title: `Card ${String(index)} of run ${String(run.seed)}` }),
    body: `Which of these ${String(index)} lanterns belongs to the old harbour?`,
    category: 'PROGRAM',
    privacy_level: isPublic(index) ? 'IDEAS' : 'PERSONAL',
    tags: ['chaos'],
    external_id: `${String(run.seed)}-${String(index)}`,
  });
}
