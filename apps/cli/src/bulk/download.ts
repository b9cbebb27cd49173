import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { isPassing, RefusedError, send } from '../gateway-client.js';
import type { Output } from '../terminal.js';

/** Pauses before a download that was cut is taken up again, milliseconds; after the last one it is given up. */
const RETRY_MS = [100, 500, 1000, 2000, 4000] as const;

/** How long a download may stand still before it counts as cut, milliseconds. */
const STALL_MS = 30_000;

/** Where a download goes. */
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

/** The target refuses what was fetched: another attempt would not help. */
class TargetError extends Error {}

/** One attempt; goes on behind what is written already. @throws whatever cut it */
async function attempt(
  connection: Connection,
  path: string,
  target: Target,
  download: Download,
  signal: AbortSignal,
): Promise<void> {
  const { size, etag } = download;
  const isRest = size > 0;
  const stall = new AbortController();
  const response = await send(connection, 'GET', path, {
    // Packed by the platform or not at all: a client's unpacking would confuse sizes and checksum.
    headers: {
      'accept-encoding': 'identity',
      ...(isRest ? { range: `bytes=${size}-`, ...(etag === null ? {} : { 'if-range': etag }) } : {}),
    },
    signal: AbortSignal.any([signal, stall.signal]),
  });
  if (isRest && response.status !== 206)
    throw new ExitError(
      exitCodes.refused,
      'The download was cut, and the file cannot be taken up in its middle; try again',
    );
  download.etag = response.headers.get('etag');
  download.digest ??= digestOf(response.headers);
  const timer = setTimeout(() => stall.abort(new Error('it stands still')), STALL_MS);
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      await target.write(chunk).catch((error: unknown) => {
        throw new TargetError(error instanceof Error ? error.message : String(error));
      });
      download.hash.update(chunk);
      download.size += chunk.length;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an attempt ended by a cut: the body broke off, or nobody answered when it was to be taken up again. */
function isCut(error: unknown, { size }: Download): boolean {
  if (error instanceof ExitError) return false;
  return !(error instanceof RefusedError) || (size > 0 && isPassing(error));
}

async function downloadTo(
  connection: Connection,
  path: string,
  target: Target,
  signal: AbortSignal,
): Promise<number> {
  const download: Download = { size: 0, hash: createHash('sha256'), etag: null, digest: undefined };
  let cuts = 0;
  for (;;) {
    try {
      await attempt(connection, path, target, download, signal);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TargetError) throw new ExitError(exitCodes.refused, error.message);
      if (!isCut(error, download)) throw error;
      const pause = RETRY_MS[cuts++];
      if (pause === undefined)
        throw new ExitError(exitCodes.refused, `The download was cut ${cuts} times; given up`);
      await delay(pause, undefined, { signal });
    }
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

/** Opens the file under its name for the time being. @throws ExitError when it cannot be written */
async function openPartial(to: string): Promise<FileHandle> {
  return open(`${to}.part`, 'w').catch((error: unknown) => {
    throw new ExitError(
      exitCodes.refused,
      `${to} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
}

/**
 * Makes sure that a download will find room where it is to go, before work is done for it.
 * @throws ExitError
 */
export async function checkTarget(to: string): Promise<void> {
  if (to === '-') return;
  await (await openPartial(to)).close();
  await rm(`${to}.part`, { force: true });
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
      if (out.write(chunk) === false) await once(out as unknown as NodeJS.WritableStream, 'drain');
    };
    return downloadTo(connection, path, { write }, signal);
  }
  const handle = await openPartial(to);
  try {
    const size = await downloadTo(connection, path, { write: (chunk) => writeAll(handle, chunk) }, signal);
    await handle.sync();
    await handle.close();
    await rename(`${to}.part`, to);
    return size;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(`${to}.part`, { force: true });
    throw error;
  }
}
