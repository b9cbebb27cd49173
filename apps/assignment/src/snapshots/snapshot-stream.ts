import { Readable } from 'node:stream';
import type { ItemKey, SnapshotsRepository } from './snapshots.repository.js';
import type { SnapshotFormat, SnapshotView } from './snapshots.schemas.js';

/** Items held in memory at a time. */
const BATCH = 500;

/** The items of a finished snapshot as bytes, read as fast as they are taken; memory does not grow with their number. */
export function snapshotStream(
  snapshots: SnapshotsRepository,
  snapshot: SnapshotView,
  format: SnapshotFormat,
): Readable {
  const lines = batchesOf(snapshots, snapshot.id);
  return Readable.from(format === 'ndjson' ? ndjson(lines) : json(lines, snapshot), { objectMode: false });
}

async function* batchesOf(snapshots: SnapshotsRepository, id: string): AsyncGenerator<string[]> {
  let after: ItemKey = ['', ''];
  for (;;) {
    const items = await snapshots.contents(id, after, BATCH);
    const last = items.at(-1);
    if (!last) return;
    yield items.map(({ content }) => content);
    if (items.length < BATCH) return;
    after = [last.dataset, last.id];
  }
}

async function* ndjson(batches: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const lines of batches) yield `${lines.join('\n')}\n`;
}

async function* json(batches: AsyncIterable<string[]>, snapshot: SnapshotView): AsyncGenerator<string> {
  yield `${JSON.stringify(snapshot).slice(0, -1)},"items":[`;
  let separator = '\n';
  for await (const lines of batches) {
    yield separator + lines.join(',\n');
    separator = ',\n';
  }
  yield '\n]}\n';
}
