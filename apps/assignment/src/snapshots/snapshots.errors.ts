import { ProblemError } from '@hornbook/service-kit';

/** Seconds until a snapshot that is being built is worth asking about again. */
export const RETRY_AFTER_SECONDS = 1;

/** The items of a snapshot are asked for that has none yet, or never will: 409 `conflict`. */
export class SnapshotNotReadyError extends ProblemError {
  constructor(id: string, status: string) {
    const building = status === 'building';
    super('conflict', {
      detail: building
        ? `Snapshot ${id} is being built; ask again in ${String(RETRY_AFTER_SECONDS)} second`
        : `Snapshot ${id} could not be built and has no items; make a new one`,
      members: { snapshotStatus: status },
      ...(building ? { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } } : {}),
    });
  }
}

/** So many snapshots are being built that one more may not be asked for: 429 `rate_limited`. */
export class TooManySnapshotsError extends ProblemError {
  constructor(most: number) {
    super('rate_limited', {
      detail: `${String(most)} snapshots are being built, which is the most; ask again when one is done`,
      headers: { 'retry-after': '5' },
    });
  }
}
