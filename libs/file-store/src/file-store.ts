import type { Readable } from 'node:stream';

/** What was written. */
export interface WrittenFile {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content, hex. */
  readonly sha256: string;
  /** Opaque; another one for every write of the key. Without quotes. */
  readonly etag: string;
}

/** What is known of a stored file. */
export interface FileInfo {
  /** Bytes. */
  readonly size: number;
  /** As `write` told it. */
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** Bytes `start` to `end`, both included, from 0, as in HTTP; without `end`: to the last one. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/** What goes with a file. */
export interface WriteOptions {
  /** Kept by stores that can. Default `application/octet-stream`. */
  readonly contentType?: string;
  /** Gives up the write; nothing is kept of it. */
  readonly signal?: AbortSignal;
}

/**
 * Files too large for the database, by key: `exports/0192…/3/cards.csv`. A key is 1 to 20 names of letters, digits and
 * `._-` (the first one no dot) joined by `/`, at most 500 characters; anything else is an InvalidKeyError, so that no
 * key leads out of the store.
 */
export interface FileStore {
  /**
   * Stores the whole stream under `key`, in place of what was there. All or nothing: until it resolves, and for ever
   * when it fails or the stream ends with an error, the key reads as it did before. Of two writes of one key at once
   * the one that ends last stays. Memory is constant.
   */
  write(
    key: string,
    content: AsyncIterable<Uint8Array | string>,
    options?: WriteOptions,
  ): Promise<WrittenFile>;
  /**
   * The file, or a part of it, as a stream; one that is replaced or deleted meanwhile is read to its end or fails, and
   * is never mixed with another.
   * @throws FileNotFoundError, RangeNotSatisfiableError
   */
  read(key: string, range?: ByteRange): Promise<Readable>;
  /** Undefined for a key without a file. */
  stat(key: string): Promise<FileInfo | undefined>;
  /** Does nothing when there is no such file. */
  delete(key: string): Promise<void>;
  /** Deletes every file whose key begins with `folder` and a slash. */
  deleteFolder(folder: string): Promise<void>;
}
