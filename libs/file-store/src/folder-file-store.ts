import { randomUUID } from 'node:crypto';
import { createWriteStream, type BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ByteRange, FileInfo, FileStore, WriteOptions, WrittenFile } from './file-store.js';
import { FileNotFoundError, RangeNotSatisfiableError } from './file-store.errors.js';
import { checkedKey } from './key.js';
import { measured } from './measured.js';

/** Where unfinished files lie, on the same file system as the finished ones. No key begins with a dot. */
const UNFINISHED = '.unfinished';
/** A process that died left what is older; no upload takes as long. */
const LEFTOVER_MS = 24 * 3_600_000;
const MAX_TRIES = 5;

/**
 * Files in a local folder, for one machine or a volume that all replicas share. A file is written beside, flushed to
 * the disk and then renamed into place, so a crash leaves the whole of it or nothing.
 */
export class FolderFileStore implements FileStore {
  private readonly root: string;
  private swept: Promise<void> | undefined;

  /** @param folder made when it is not there */
  constructor(folder: string) {
    this.root = resolve(folder);
  }

  async write(
    key: string,
    content: AsyncIterable<Uint8Array | string>,
    { signal }: WriteOptions = {},
  ): Promise<WrittenFile> {
    const path = this.pathOf(key);
    const unfinished = join(this.root, UNFINISHED, randomUUID());
    await mkdir(dirname(unfinished), { recursive: true });
    this.swept ??= this.removeLeftovers();
    const measure = measured(content, signal);
    try {
      await pipeline(measure.content, createWriteStream(unfinished, { flags: 'wx', flush: true }), {
        ...(signal ? { signal } : {}),
      });
      await this.moveTo(path, unfinished);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    const { size, etag } = infoOf(await stat(path, { bigint: true }));
    // Another write of this key may have ended meanwhile; size and hash are of this one.
    return { size: size === measure.size() ? size : measure.size(), sha256: measure.sha256(), etag };
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    const file = await this.openFile(key);
    try {
      const { size } = await file.stat();
      if (range && (range.start < 0 || range.start >= size || (range.end ?? size) < range.start)) {
        throw new RangeNotSatisfiableError(key);
      }
      return file.createReadStream({
        start: range?.start ?? 0,
        ...(range?.end === undefined ? {} : { end: range.end }),
      });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async stat(key: string): Promise<FileInfo | undefined> {
    try {
      const found = await stat(this.pathOf(key), { bigint: true });
      return found.isFile() ? infoOf(found) : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    if (!(await this.stat(key))) return;
    await rm(path, { force: true });
    await this.removeEmpty(dirname(path));
  }

  async deleteFolder(folder: string): Promise<void> {
    const path = this.pathOf(folder);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) return;
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    await this.removeEmpty(dirname(path));
  }

  private pathOf(key: string): string {
    return join(this.root, ...checkedKey(key).split('/'));
  }

  private async openFile(key: string): Promise<FileHandle> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.pathOf(key), 'r');
      if ((await file.stat()).isFile()) return file;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await file?.close();
    throw new FileNotFoundError(key);
  }

  private async moveTo(path: string, unfinished: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await mkdir(dirname(path), { recursive: true });
      try {
        await rename(unfinished, path);
        break;
      } catch (error) {
        // Somebody who deleted the last other file of the folder has just removed it.
        if (!isMissing(error) || attempt >= MAX_TRIES) throw error;
      }
    }
    // The new name itself must outlive a power cut.
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private async removeEmpty(folder: string): Promise<void> {
    for (let path = folder; path.length > this.root.length; path = dirname(path)) {
      try {
        await rmdir(path);
      } catch {
        return;
      }
    }
  }

  private async removeLeftovers(): Promise<void> {
    const folder = join(this.root, UNFINISHED);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > LEFTOVER_MS)
        await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

/** A write makes a new file, so inode and time of change tell two contents apart even at the same size. */
function infoOf(found: BigIntStats): FileInfo {
  const etag = [found.ino, found.mtimeNs, found.size].map((part) => part.toString(36)).join('-');
  return { size: Number(found.size), etag, modifiedAt: new Date(Number(found.mtimeMs)) };
}

function isMissing(error: unknown): boolean {
  // Not `instanceof Error`: the file system's errors may be of another realm.
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}
