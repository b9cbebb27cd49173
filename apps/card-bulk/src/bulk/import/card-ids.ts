import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** Random bytes are drawn for so many ids at once: a call for each costs more than the rest of preparing a row. */
const POOL_IDS = 512;
const RANDOM_BYTES = 16;
const pool = Buffer.alloc(POOL_IDS * RANDOM_BYTES);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/** A UUIDv7 greater than every one that this process made before, so that cards are listed in the order of their file. */
export function newCardId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, (used += RANDOM_BYTES));
  const now = Date.now();
  // The clock may go back, and a millisecond holds many ids (RFC 9562, section 6.2).
  if (now > lastMs) {
    lastMs = now;
    sequence = random.readUInt32BE(12) >>> 2;
  } else sequence++;
  return uuidv7({ random, msecs: lastMs, seq: sequence });
}
