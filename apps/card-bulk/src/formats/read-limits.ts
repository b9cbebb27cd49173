/** Bounds of one file; bytes are those after unpacking. */
export interface ReadLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Longest line of NDJSON, or record of CSV. */
  readonly maxLineBytes: number;
  /** Most unpacked bytes per packed byte, looked at from `ratioFrom` unpacked bytes on. */
  readonly maxRatio: number;
  /** Rows that resemble each other pack well, so a small file may have any ratio. */
  readonly ratioFrom: number;
}

/** Longest line of NDJSON, or record of CSV, in bytes. The largest valid card fits. */
export const MAX_LINE_BYTES = 1_048_576;

/** Bounds that hold unless the caller names others. */
export const defaultReadLimits: ReadLimits = {
  maxRows: 1_000_000,
  maxBytes: 4 * 1024 ** 3,
  maxLineBytes: MAX_LINE_BYTES,
  maxRatio: 250,
  ratioFrom: 64 * 1024 ** 2,
};
