import type { EventDefinition } from './event.js';
import { cloudEventSchema } from './event.js';
import { eventCatalog } from './event-catalog.js';

const events: [string, EventDefinition][] = eventCatalog.map((event) => [event.name, event]);

describe('the event catalogue', () => {
  test.each(events)('%s: its example satisfies its schema and loses nothing on the way', (_, event) => {
    expect(event.data.parse(event.example)).toEqual(event.example);
    expect(event.data.parse(JSON.parse(JSON.stringify(event.example)))).toEqual(event.example);
  });

  test.each(events)(
    '%s: has a name of the form [area.]noun.participle.vN and a sentence about it',
    (name, event) => {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*){1,2}\.v[1-9]\d*$/);
      expect(event.description).toMatch(/^[A-Z].*\.$/);
    },
  );

  test.each(events)('%s: an empty object is not taken for its data', (_, event) => {
    expect(event.data.safeParse({}).success).toBe(false);
  });

  test('has no name twice', () => {
    const names = eventCatalog.map(({ name }) => name);
    expect(new Set<string>(names).size).toBe(names.length);
  });
});

describe('the envelope', () => {
  const envelope = {
    specversion: '1.0',
    id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    source: '/content-import',
    type: 'content.batch.imported.v1',
    subject: 'batch-2026-03-02-101500',
    time: '2026-03-02T10:15:02.120Z',
    datacontenttype: 'application/json',
    data: { batch_id: 'batch-2026-03-02-101500' },
  };

  test('is a CloudEvent 1.0 in JSON', () => {
    expect(cloudEventSchema.parse(envelope)).toEqual(envelope);
  });

  test.each(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype'])(
    'without %s is none',
    (attribute) => {
      expect(cloudEventSchema.safeParse({ ...envelope, [attribute]: undefined }).success).toBe(false);
    },
  );
});
