import { z } from 'zod';
import { eventCatalog } from '@hornbook/contracts';

/** The event catalogue: every event with its example and schema, from the definitions in contracts. */
export function eventsPage(): string {
  const sections = eventCatalog.map((event) => {
    const { $schema: _version, ...schema } = z.toJSONSchema(event.data);
    return [
      `## ${event.name}`,
      '',
      event.mayBeUnheard
        ? `${event.description} An announcement: sent although nobody may listen.`
        : event.description,
      '',
      '```json',
      JSON.stringify(event.example, null, 2),
      '```',
      '',
      '<details><summary>Schema of <code>data</code></summary>',
      '',
      '```json',
      JSON.stringify(schema, null, 2),
      '```',
      '',
      '</details>',
    ].join('\n');
  });
  return [
    '# Events',
    '',
    'Made from `libs/contracts/src/events` by `npm run generate`; do not edit. The envelope is CloudEvents 1.0 in structured',
    'JSON mode; what is shown is its `data`. How events travel: [messaging](messaging.md).',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}
