import type { ExportedCard } from './card-writer.js';

/** Stands between two cards (the original of seed 002 wrote 80 equals signs). */
export const MARKDOWN_SEPARATOR = `\n${'='.repeat(80)}\n\n`;

/** Text on one line. */
const oneLine = (value: string): string => value.replace(/\s+/g, ' ').trim();

/** One card as Markdown, for people to read: title, facts, body. */
export function markdownOf(card: ExportedCard): string {
  const { title = '', body = '', tags = [], source_platform, source_url, published_url, created_at } = card;
  const source = [source_platform, source_url].filter((part) => part != null && part !== '').join(' ');
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['Category', card.category],
    ['Privacy', card.privacy_level],
    ['Tags', tags.join(', ')],
    ['Source', source],
    ['Published', published_url],
    ['Created', created_at],
  ];
  const lines = facts.flatMap(([name, value]) => (value ? [`- **${name}:** ${oneLine(value)}`] : []));
  return `# ${oneLine(title)}\n\n${lines.join('\n')}${lines.length > 0 ? '\n\n' : ''}---\n\n${body}\n`;
}
