/** Most cards of one request, and most ids of one delete (seed 002). */
export const MAX_CARDS = 10_000;

/** Most rows of a file (`POST /bulk/import/stream`). */
export const MAX_FILE_ROWS = 1_000_000;

/** Largest body of `POST /bulk/import`, bytes: 10,000 cards of 3 KB. Longer cards come as a file. */
export const MAX_IMPORT_BYTES = 32 * 1024 * 1024;

/** Cards of one chunk, one statement and one transaction: well under a second of work, and few commits. */
export const CHUNK_CARDS = 1_000;

/** Ids of one chunk of a delete: an id is less work than a card. */
export const CHUNK_IDS = 5_000;

/** Row errors that the result of a task holds itself; the others are read page by page. */
export const INLINE_ERRORS = 100;

/** Largest export that the result of a task holds itself as `export_data`, bytes. */
export const MAX_INLINE_EXPORT_BYTES = 1024 * 1024;

/** Longest wait of `GET /bulk/status/{task_id}?wait=`, seconds. */
export const MAX_WAIT_SECONDS = 60;

/** Most webhooks of one owner. */
export const MAX_WEBHOOKS = 20;

/** Most schedules of one owner. */
export const MAX_SCHEDULES = 50;

/** Most event streams that one owner has open at once in one process. */
export const MAX_EVENT_STREAMS = 10;
