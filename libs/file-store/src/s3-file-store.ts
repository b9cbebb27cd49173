import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import type { ByteRange, FileInfo, FileStore, WriteOptions, WrittenFile } from './file-store.js';
import { FileNotFoundError, RangeNotSatisfiableError } from './file-store.errors.js';
import { checkedKey } from './key.js';
import { measured } from './measured.js';

/** Which bucket, and how it is reached. */
export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** Of another server than Amazon's: `https://minio.example:9000`. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; most other servers want it. Default: with an endpoint. */
  readonly forcePathStyle?: boolean;
  /** Put before every key: `card-bulk`. */
  readonly prefix?: string;
  /** Default: the SDK's own search (environment, profile, role of the machine). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Parts of an upload; times the number of parts in flight this is the memory of one write. 10,000 parts are 80 GB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT = 2;

/** Files in an S3 bucket, or in any store that speaks S3. */
export class S3FileStore implements FileStore {
  private readonly client: S3Client;
  private readonly prefix: string;

  constructor(private readonly options: S3Options) {
    this.prefix = options.prefix ? `${checkedKey(options.prefix)}/` : '';
    this.client = new S3Client({
      region: options.region,
      forcePathStyle: options.forcePathStyle ?? options.endpoint !== undefined,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.credentials ? { credentials: options.credentials } : {}),
      // By default the SDK adds checksums that other servers do not know.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async write(
    key: string,
    content: AsyncIterable<Uint8Array | string>,
    { contentType = 'application/octet-stream', signal }: WriteOptions = {},
  ): Promise<WrittenFile> {
    const measure = measured(content, signal);
    const upload = new Upload({
      client: this.client,
      params: {
        Bucket: this.options.bucket,
        Key: this.keyOf(key),
        Body: Readable.from(measure.content, { objectMode: false }),
        ContentType: contentType,
      },
      partSize: PART_BYTES,
      queueSize: PARTS_IN_FLIGHT,
      leavePartsOnError: false,
    });
    const abort = (): void => void upload.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const { ETag } = await upload.done();
      return { size: measure.size(), sha256: measure.sha256(), etag: unquoted(ETag) };
    } catch (error) {
      // Not that of the clean-up, which a store that cannot abort an upload refuses.
      throw measure.failure() ?? error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    try {
      const { Body } = await this.client.send(
        new GetObjectCommand({
          ...this.place(key),
          ...(range ? { Range: `bytes=${range.start}-${range.end ?? ''}` } : {}),
        }),
      );
      if (!(Body instanceof Readable)) throw new FileNotFoundError(key);
      return Body;
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) throw new FileNotFoundError(key, { cause: error });
      if (status === 416) throw new RangeNotSatisfiableError(key);
      throw error;
    }
  }

  async stat(key: string): Promise<FileInfo | undefined> {
    try {
      const head = await this.client.send(new HeadObjectCommand(this.place(key)));
      return {
        size: head.ContentLength ?? 0,
        etag: unquoted(head.ETag),
        modifiedAt: head.LastModified ?? new Date(0),
      };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.client.send(new DeleteObjectCommand(this.place(key)));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  async deleteFolder(folder: string): Promise<void> {
    const Prefix = `${this.keyOf(folder)}/`;
    for (;;) {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.options.bucket, Prefix }));
      const keys = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
      // One by one: the request for many wants a checksum that differs from server to server.
      for (const Key of keys) {
        await this.client.send(new DeleteObjectCommand({ Bucket: this.options.bucket, Key }));
      }
      if (!page.IsTruncated || keys.length === 0) return;
    }
  }

  /** Ends idle connections. */
  close(): void {
    this.client.destroy();
  }

  private keyOf(key: string): string {
    return `${this.prefix}${checkedKey(key)}`;
  }

  private place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.options.bucket, Key: this.keyOf(key) };
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

const unquoted = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');
