import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { Connection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { send } from '../gateway-client.js';
import type { Output } from '../terminal.js';

/** How often a download that was cut is taken up again. */
const MAX_ATTEMPTS = 5;

interface Target {
  write(chunk: Uint8Array): Promise<void>;
}

interface Download {
  /** Bytes that are written. */
  size: number;
  readonly hash: Hash;
  etag: string | null;
  /** SHA-256 in base64 as the platform says it (RFC 9530, or the older `Digest`). */
  digest: string | undefined;
}

function digestOf(headers: Headers): string | undefined {
  const named = headers.get('repr-digest') ?? headers.get('digest') ?? '';
  return /sha-256=:?([A-Za-z0-9+/]+=*):?/i.exec(named)?.[1];
}

/** One attempt; goes on behind what is written already. @returns whether it came to the end */
async function attempt(
  connection: Connection,
  path: string,
  target: Target,
  download: Download,
  signal: AbortSignal,
): Promise<boolean> {
  const { size, etag } = download;
  const isRest = size > 0;
  const response = await send(connection, 'GET', path, {
    // Packed by the platform or not at all: a client's unpacking would confuse sizes and checksum.
    headers: {
      'accept-encoding': 'identity',
      ...(isRest ? { range: `bytes=${size}-`, ...(etag === null ? {} : { 'if-range': etag }) } : {}),
    },
    signal,
  });
  if (isRest && response.status !== 206)
    throw new ExitError(
      exitCodes.refused,
      'The download was cut, and the file cannot be taken up in its middle; try again',
    );
  download.etag = response.headers.get('etag');
  download.digest ??= digestOf(response.headers);
  try {
    for await (const chunk of response.body ?? []) {
      await target.write(chunk);
      download.hash.update(chunk);
      download.size += chunk.length;
    }
    return true;
  } catch (error) {
    signal.throwIfAborted();
    // Writing failed, not reading: another attempt would not help.
    if ((error as NodeJS.ErrnoException).syscall === 'write') throw error;
    return false;
  }
}

async function downloadTo(
  connection: Connection,
  path: string,
  target: Target,
  signal: AbortSignal,
): Promise<number> {
  const download: Download = { size: 0, hash: createHash('sha256'), etag: null, digest: undefined };
  for (let left = MAX_ATTEMPTS; !(await attempt(connection, path, target, download, signal));) {
    if (--left === 0)
      throw new ExitError(exitCodes.refused, `The download was cut ${MAX_ATTEMPTS} times; given up`);
  }
  if (download.digest !== undefined && download.digest !== download.hash.digest('base64'))
    throw new ExitError(
      exitCodes.refused,
      'The download is damaged: its checksum is not that of the file; try again',
    );
  return download.size;
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
}

/**
 * Fetches a file, piece by piece and again from where a connection was cut. A file by the wanted name is whole:
 * until then it is called `.part`.
 * @param to a path, or `-` for `out`
 * @returns its size in bytes
 */
export async function downloadFile(
  connection: Connection,
  path: string,
  to: string,
  { out, signal }: { readonly out: Output; readonly signal: AbortSignal },
): Promise<number> {
  if (to === '-') {
    const write = async (chunk: Uint8Array): Promise<void> => {
      // A pipe that is slower than the network.
      if (out.write(chunk as never) === false) await once(out as never, 'drain');
    };
    return downloadTo(connection, path, { write }, signal);
  }
  const partial = `${to}.part`;
  const handle = await open(partial, 'w');
  try {
    const size = await downloadTo(connection, path, { write: (chunk) => writeAll(handle, chunk) }, signal);
    await handle.sync();
    await handle.close();
    await rename(partial, to);
    return size;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}
