/** Longest slug of a title; what is cut off is told apart by the card's id. */
const MAX_SLUG = 60;

/**
 * A title as it stands in a URL: lower case, `-` for white space and `_`, nothing but a–z, 0–9 and `-`, at most 60
 * characters. A title of which nothing is left is `card`.
 */
export function slugOf(title: string): string {
  const slug = title
    // Enough for 60 characters of any title, and no work on the rest of a long one.
    .slice(0, MAX_SLUG * 4)
    .toLowerCase()
    .replace(/[\s_]+/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/-{2,}/g, '-')
    .slice(0, MAX_SLUG)
    .replace(/^-|-$/g, '');
  return slug === '' ? 'card' : slug;
}

/**
 * Where a published card is found: `<base>/<slug>-<8 hex>`. The hex is the end of the id, which is random in every
 * version of UUID that we make, so that a card which is imported again under its id has its URL again.
 */
export function publishedUrl(base: string, title: string, id: string): string {
  return `${base}/${slugOf(title)}-${id.slice(-8)}`;
}
