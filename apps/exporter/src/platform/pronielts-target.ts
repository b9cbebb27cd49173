import { Injectable } from '@nestjs/common';
import { errors, Pool } from 'undici';
import { ExporterConfig } from '../config.js';
import { ExportTarget, type PlatformAnswer, type SealedBatch } from './export-target.js';

/** Path of the bulk import below the platform's base URL (seed 000, section 3.1). */
const IMPORT_PATH = '/api/v1/admin/bulk-import';

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * A PronIELTS platform over HTTP. Talks to the one origin it was given and to no other: redirects are answers, not
 * instructions. Time and size of an answer are bounded.
 */
@Injectable()
export class PronieltsTarget extends ExportTarget {
  private readonly pool: Pool;
  private readonly basePath: string;

  constructor(private readonly config: ExporterConfig) {
    super();
    const { origin, pathname } = new URL(config.platformUrl);
    this.basePath = pathname.replace(/\/+$/, '');
    this.pool = new Pool(origin, {
      connections: config.concurrency,
      pipelining: 1,
      connect: { timeout: config.timeoutMs },
      maxResponseSize: config.maxAnswerBytes,
      // The signal bounds the whole exchange; these only guard a single silent phase of it.
      headersTimeout: config.timeoutMs,
      bodyTimeout: config.timeoutMs,
    });
  }

  send({ batchId, body }: SealedBatch, signal: AbortSignal): Promise<PlatformAnswer> {
    const headers = { 'content-type': 'application/json', 'x-batch-id': batchId, 'x-request-id': batchId };
    return this.ask({ method: 'POST', path: IMPORT_PATH, headers, body }, signal);
  }

  read(batchId: string, signal: AbortSignal): Promise<PlatformAnswer> {
    return this.ask({ method: 'GET', path: `${IMPORT_PATH}/${encodeURIComponent(batchId)}` }, signal);
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  private async ask({ method, path, headers, body }: Request, signal: AbortSignal): Promise<PlatformAnswer> {
    const { timeoutMs, platformToken } = this.config;
    const late = AbortSignal.timeout(timeoutMs);
    let status: number | undefined;
    try {
      const response = await this.pool.request({
        method,
        path: `${this.basePath}${path}`,
        headers: { ...headers, accept: 'application/json', authorization: `Bearer ${platformToken}` },
        body: body ?? null,
        signal: AbortSignal.any([signal, late]),
      });
      status = response.statusCode;
      const retryAfter = response.headers['retry-after'];
      const text = await response.body.text();
      return {
        kind: 'answer',
        status,
        body: parse(text),
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
      };
    } catch (error) {
      if (signal.aborted) return { kind: 'interrupted' };
      if (late.aborted || isTimeout(error)) {
        return {
          kind: 'unreachable',
          reason: 'timeout',
          message: `No whole answer within ${String(timeoutMs)} ms`,
        };
      }
      if (status === undefined)
        return { kind: 'unreachable', reason: 'connection_error', message: describe(error) };
      const isTooLarge = error instanceof errors.ResponseExceededMaxSizeError;
      const message = isTooLarge
        ? `The answer is larger than ${String(this.config.maxAnswerBytes)} bytes`
        : 'The answer broke off';
      return { kind: 'unreadable', status, message };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  );
}

/** What happened to the connection, by its code: messages of the system may hold addresses. */
function describe(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return `The connection failed${typeof code === 'string' ? ` (${code})` : ''}`;
}
