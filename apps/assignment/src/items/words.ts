// Words are told apart here and not by Postgres: its parser follows the locale the database was made with (in "C" a
// curly quote is a letter and "É" has no lower case), and takes five times as long.
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Postgres refuses a word of more than 2,046 bytes. */
const LONGEST_WORD = 500;

/** The words of a text in order: letters and digits between anything else, in lower case, composed (NFC). */
function wordsOf(text: string): string[] {
  const words = text.normalize('NFC').toLowerCase().match(WORD) ?? [];
  return words.filter(({ length }) => length <= LONGEST_WORD);
}

/** A text as a literal of Postgres' type `tsvector`: its words with their places, for `wordQuery` to find. */
export function wordVector(text: string): string {
  const places = new Map<string, string>();
  let place = 0;
  for (const word of wordsOf(text)) {
    place += 1;
    const before = places.get(word);
    places.set(word, before === undefined ? `${place}` : `${before},${place}`);
  }
  let vector = '';
  for (const [word, at] of places) vector += `${word}:${at} `;
  return vector;
}

/**
 * A search as a literal of Postgres' type `tsquery`: all words, `"a phrase"`, `this or that`, `-not this`. What is one
 * word to a reader and several here ("well-known") is a phrase. A search without any word finds nothing.
 */
export function wordQuery(search: string): string {
  const either: string[][] = [[]];
  for (const [, minus, quoted, plain = ''] of search.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    if (minus === '' && /^or$/i.test(plain)) {
      either.push([]);
      continue;
    }
    const phrase = wordsOf(quoted ?? plain).map((word) => `'${word}'`);
    if (phrase.length > 0) either.at(-1)?.push(`${minus === '-' ? '!' : ''}(${phrase.join(' <-> ')})`);
  }
  return either
    .filter((all) => all.length > 0)
    .map((all) => all.join(' & '))
    .join(' | ');
}
