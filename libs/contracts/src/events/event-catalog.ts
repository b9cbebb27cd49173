import { ContentBatchFailed } from './content-batch-failed.v1.js';
import { ContentBatchImported } from './content-batch-imported.v1.js';

/** Every event of the platform. `docs/events.md` is generated from it. */
export const eventCatalog = [ContentBatchImported, ContentBatchFailed] as const;
