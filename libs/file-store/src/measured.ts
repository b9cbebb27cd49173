import { createHash } from 'node:crypto';

/** A stream that is measured as it passes. */
export interface Measured {
  readonly content: AsyncGenerator<Buffer, void, undefined>;
  /** Of what has passed. */
  size(): number;
  /** Hex; once, at the end. */
  sha256(): string;
  /** Why the stream broke, if it did. */
  failure(): unknown;
}

/** Counts and hashes a stream. A stream that is cut without a word fails here (premature close). */
export function measured(content: AsyncIterable<Uint8Array | string>, signal?: AbortSignal): Measured {
  const hash = createHash('sha256');
  let size = 0;
  let failure: unknown;
  async function* pass(): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of content) {
        signal?.throwIfAborted();
        const bytes = asBuffer(chunk);
        size += bytes.length;
        hash.update(bytes);
        yield bytes;
      }
      signal?.throwIfAborted();
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { content: pass(), size: () => size, sha256: () => hash.digest('hex'), failure: () => failure };
}

function asBuffer(chunk: Uint8Array | string): Buffer {
  return typeof chunk === 'string'
    ? Buffer.from(chunk)
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
