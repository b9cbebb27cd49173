import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { ReadLimits } from './read-limits.js';
import { UnreadableFileError } from './unreadable-file.error.js';

/** How the bytes of a file are packed. */
export type Packing = 'identity' | 'gzip' | 'zstd';

/** Unpacked bytes of one step: fewer, larger steps cost less than zlib's default of 16 KB. */
const CHUNK_BYTES = 64 * 1024;

const magics: Record<Exclude<Packing, 'identity'>, Buffer> = {
  gzip: Buffer.from([0x1f, 0x8b]),
  zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};

/** The first bytes of files that people take for CSV or NDJSON, and what they are. */
const foreign: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xff, 0xfe]), 'in UTF-16; save it as UTF-8'],
  [Buffer.from([0xfe, 0xff]), 'in UTF-16; save it as UTF-8'],
  [Buffer.from('PK\u0003\u0004'), 'a ZIP or Excel file; save it as CSV'],
  [Buffer.from('%PDF-'), 'a PDF'],
];

const startsWith = (bytes: Buffer, magic: Buffer): boolean => bytes.subarray(0, magic.length).equals(magic);

const asBuffer = (chunk: Uint8Array): Buffer =>
  Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

/** A source whose first bytes were looked at; iterating gives all of them. */
export interface OpenedFile {
  readonly packing: Packing;
  /** Unpacked bytes. Ending the iteration early lets go of the source. */
  readonly bytes: AsyncIterable<Buffer>;
}

/** The bytes of `source`, the first of which are at least four (unless there are fewer in all). */
async function* headed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of source) {
    if (head) {
      head = Buffer.concat([head, chunk]);
      if (head.length < 4) continue;
      yield head;
      head = undefined;
    } else if (chunk.length > 0) yield asBuffer(chunk);
  }
  if (head && head.length > 0) yield head;
}

function packingOf(head: Buffer, declared: Packing | undefined): Packing {
  const found = startsWith(head, magics.gzip) ? 'gzip' : startsWith(head, magics.zstd) ? 'zstd' : 'identity';
  if (declared !== undefined && declared !== 'identity' && declared !== found)
    throw new UnreadableFileError(
      'wrong_packing',
      `The file was sent as ${declared}, but its first bytes are not ${declared}`,
    );
  const kind = foreign.find(([magic]) => startsWith(head, magic))?.[1];
  if (kind !== undefined) throw new UnreadableFileError('wrong_format', `The file is ${kind}`);
  return found;
}

/** The error of a failed unpacking in words; what the source threw is passed on as it is. */
function unpackingError(packing: Packing, error: unknown): unknown {
  const code = (error as { code?: string }).code ?? '';
  if (code === 'Z_BUF_ERROR' || /unexpected end/i.test(String(error)))
    return new UnreadableFileError(
      'truncated_packing',
      `The ${packing} file ends in the middle: it was cut off when it was made or sent`,
    );
  if (/^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code))
    return new UnreadableFileError(
      'corrupt_packing',
      `The ${packing} file is damaged: it cannot be unpacked further`,
    );
  return error;
}

/** Counts packed against unpacked bytes and stops what would unpack for ever. */
class UnpackingBound {
  packedBytes = 0;
  private unpackedBytes = 0;

  constructor(private readonly limits: ReadLimits) {}

  /** @throws UnreadableFileError */
  add(length: number, packing: Packing): void {
    this.unpackedBytes += length;
    const { maxBytes, maxRatio, ratioFrom } = this.limits;
    if (this.unpackedBytes > maxBytes)
      throw new UnreadableFileError(
        'too_large',
        `The file has more than ${maxBytes} bytes, the most allowed`,
      );
    if (
      packing !== 'identity' &&
      this.unpackedBytes > ratioFrom &&
      this.unpackedBytes > this.packedBytes * maxRatio
    )
      throw new UnreadableFileError(
        'unpacks_too_far',
        `The ${packing} file unpacks to more than ${maxRatio} times its size, which no file of cards does`,
      );
  }
}

async function* unpacked(
  source: AsyncIterable<Buffer>,
  packing: Exclude<Packing, 'identity'>,
  bound: UnpackingBound,
): AsyncGenerator<Buffer> {
  let sourceError: { readonly error: unknown } | undefined;
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) {
        bound.packedBytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceError = { error };
      throw error;
    }
  }
  const options = { chunkSize: CHUNK_BYTES };
  const unpacker = packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  // Its failure is that of the unpacker as well, where it is dealt with; an early end destroys both.
  const feeding = pipeline(Readable.from(counted(), { objectMode: false }), unpacker).catch(() => undefined);
  try {
    for await (const chunk of unpacker as AsyncIterable<Buffer>) {
      bound.add(chunk.length, packing);
      yield chunk;
    }
  } catch (error) {
    throw sourceError ? sourceError.error : unpackingError(packing, error);
  } finally {
    unpacker.destroy();
    await feeding;
  }
}

async function* bounded(source: AsyncIterable<Buffer>, bound: UnpackingBound): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    bound.add(chunk.length, 'identity');
    yield chunk;
  }
}

/**
 * Opens a file of any packing for reading at constant memory. Its first bytes decide; what the sender declared is
 * only held against them, for some clients declare what a proxy has unpacked already.
 * @param declared of the `Content-Encoding`, if there was one
 * @throws UnreadableFileError when it is no text, is not packed as declared, or is empty
 */
export async function openFile(
  source: AsyncIterable<Uint8Array>,
  declared: Packing | undefined,
  limits: ReadLimits,
): Promise<OpenedFile> {
  const chunks = headed(source);
  let packing: Packing;
  const first = await chunks.next();
  try {
    if (first.done === true)
      throw new UnreadableFileError('empty_file', 'The file is empty: no cards provided for import');
    packing = packingOf(first.value, declared);
  } catch (error) {
    await chunks.return(undefined);
    throw error;
  }
  const head = first.value;
  async function* whole(): AsyncGenerator<Buffer> {
    try {
      yield head;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  const bound = new UnpackingBound(limits);
  return {
    packing,
    bytes: packing === 'identity' ? bounded(whole(), bound) : unpacked(whole(), packing, bound),
  };
}
