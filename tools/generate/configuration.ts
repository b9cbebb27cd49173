import type { EnvField } from '@hornbook/service-kit';
import { services } from './services.ts';

function row(field: EnvField): string {
  const fallback =
    field.fallback === undefined
      ? '**required**'
      : field.fallback === null
        ? '–'
        : `\`${field.fallback === '' ? '(empty)' : field.fallback}\``;
  return `| \`${field.variable}\`${field.secret ? ' (secret)' : ''} | ${fallback} | ${field.allowed.replaceAll('|', '\\|')} | ${field.description.replaceAll('|', '\\|')} |`;
}

/** The configuration page: every variable of every service, from the classes that read them. */
export function configurationPage(): string {
  const sections = services.map((service) => {
    const fields: EnvField[] = Object.values(service.config.fields);
    return [
      `## ${service.name}`,
      '',
      service.description,
      '',
      '| variable | default | allowed | what it does |',
      '|---|---|---|---|',
      ...fields.map(row),
    ].join('\n');
  });
  return [
    '# Configuration',
    '',
    'Made from the configuration classes by `npm run generate`; do not edit. Each service reads its variables once, at the',
    'start, and refuses to start with all faults listed at once. Secrets have no defaults; `npm start` makes its own and keeps',
    'them in `.hornbook/secrets.json`.',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}
