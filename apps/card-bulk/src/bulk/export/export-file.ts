import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { FileStore, WrittenFile } from '@hornbook/file-store';

/** A file on its way to the store, written piece by piece; it is there as a whole or not at all. */
export class ExportFile {
  private readonly plain = new PassThrough({ highWaterMark: 512 * 1024 });
  private readonly written: Promise<WrittenFile>;
  private failure: unknown;

  constructor(files: FileStore, key: string, contentType: string, isPacked: boolean) {
    this.written = files.write(key, isPacked ? this.packed() : this.plain, { contentType });
    this.written.catch((error: unknown) => {
      this.failure = error;
      this.plain.destroy();
    });
  }

  /** Writes a piece; waits while the store is slower than we are. */
  async write(piece: string | Buffer): Promise<void> {
    if (this.failure !== undefined) throw this.failure as Error;
    if (piece.length === 0 || this.plain.write(piece)) return;
    await Promise.race([once(this.plain, 'drain'), this.written]);
  }

  /** Ends the file. @returns size and checksum */
  async end(): Promise<WrittenFile> {
    this.plain.end();
    return this.written;
  }

  /** Gives it up; nothing is left of it, unless it was ended. */
  discard(): void {
    if (!this.plain.writableEnded) this.plain.destroy(new Error('the export was given up'));
  }

  private packed(): Readable {
    const gzip = createGzip();
    // An error reaches the store through `gzip`, which the pipeline destroys with it.
    pipeline(this.plain, gzip).catch(() => undefined);
    return gzip;
  }
}
