/** A card as a client sends it. */
export type SentCard = Record<string, unknown>;

let made = 0;

/** A card of the seed's example with a title of its own. */
export function card(overrides: SentCard = {}): SentCard {
  made++;
  return {
    title: `Card ${made}`,
    body: `Content of card ${made}`,
    category: 'BUSINESS',
    privacy_level: 'BUSINESS',
    tags: ['test'],
    ...overrides,
  };
}

/** So many cards, each with a title of its own. */
export function cards(count: number, overrides: SentCard = {}): SentCard[] {
  return Array.from({ length: count }, () => card(overrides));
}
