import { payloadHash, type BulkImportRequest, type ImportedDialogue } from '@hornbook/contracts';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A batch as it came over the wire. */
export interface ReceivedBatch {
  readonly batchId: string;
  /** Byte for byte. */
  readonly body: string;
  readonly request: BulkImportRequest;
  readonly headers: IncomingHttpHeaders;
}

/** What the platform keeps under a batch id. */
interface StoredBatch {
  readonly hash: string;
  readonly request: BulkImportRequest;
  readonly results: ImportedDialogue[];
}

/** One way to answer a send. */
export type Reply = (
  batch: ReceivedBatch,
  response: ServerResponse,
  platform: ScriptedPlatform,
) => void | Promise<void>;
/** One way to answer a look at a batch. */
export type ReadReply = (batchId: string, response: ServerResponse, platform: ScriptedPlatform) => void;

const IMPORT = '/api/v1/admin/bulk-import';

/** Answers as JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Answers with a fixed status and body, storing nothing. */
export function refuse(status: number, body: unknown = {}, headers: Record<string, string> = {}): Reply {
  return (_batch, response) => json(response, status, body, headers);
}

/** Stores the batch, and then answers as if nothing had come of it. */
export function storeBut(reply: Reply): Reply {
  return (batch, response, platform) => {
    platform.store(batch.request);
    return reply(batch, response, platform);
  };
}

/** Cuts the connection without an answer. */
export const reset: Reply = (_batch, response) => {
  response.socket?.resetAndDestroy();
};

/** Takes the batch and never answers. */
export const silence: Reply = () => undefined;

/** What a platform of the contract does: 201, or 409 for what is there already. */
export const faithful: Reply = ({ batchId, request }, response, platform) => {
  const stored = platform.stored.get(batchId);
  if (stored) {
    json(response, 409, {
      success: false,
      error: 'duplicate_batch',
      message: `Batch ${batchId} has already been processed`,
      original_import: { imported_at: '2026-03-02T10:15:02Z', dialogues: stored.results.length },
      payload_matches: stored.hash === payloadHash(request),
    });
    return;
  }
  const results = platform.store(request);
  json(response, 201, {
    success: true,
    batch_id: batchId,
    imported: {
      dialogues: results.length,
      phrases: results.flatMap(({ phrase_ids }) => phrase_ids).length,
      categories_created: 0,
    },
    results,
    processed_at: new Date().toISOString(),
  });
};

/** Shows what is stored, or 404. */
export const faithfulRead: ReadReply = (batchId, response, platform) => {
  const stored = platform.stored.get(batchId);
  if (!stored) return json(response, 404, { success: false, error: 'not_found', message: 'no such batch' });
  json(response, 200, {
    batch_id: batchId,
    status: 'completed',
    payload_hash: stored.hash,
    results: stored.results,
  });
};

/** A PronIELTS platform that does what a test says, and what the contract says otherwise. */
export class ScriptedPlatform {
  /** Every send, in the order of arrival. */
  readonly received: ReceivedBatch[] = [];
  /** Batch ids that were looked at. */
  readonly reads: string[] = [];
  readonly stored = new Map<string, StoredBatch>();
  /** Titles of all dialogues ever stored, twice when stored twice. */
  readonly titles: string[] = [];
  /** Stores nothing under a batch id, so that nothing is ever found again. */
  forgetful = false;
  /** Most sends that were being answered at one time. */
  mostAtOnce = 0;
  /** How a send is answered when the script is at its end. */
  reply: Reply = faithful;
  readReply: ReadReply = faithfulRead;
  private readonly script: Reply[] = [];
  private atOnce = 0;
  private nextId = 1;
  private readonly server = createServer((request, response) => {
    void this.answer(request, response);
  });

  /** Starts one on a free port. */
  static async start(): Promise<ScriptedPlatform> {
    const platform = new ScriptedPlatform();
    await platform.listen();
    return platform;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** The next sends are answered so, in this order. */
  next(...replies: readonly Reply[]): void {
    this.script.push(...replies);
  }

  /** Stores a batch as an import does. */
  store(request: BulkImportRequest): ImportedDialogue[] {
    const results = request.dialogues.map(({ title, phrases }) => ({
      title,
      dialog_id: this.nextId++,
      phrase_ids: phrases.map(() => this.nextId++),
    }));
    this.titles.push(...results.map(({ title }) => title));
    if (!this.forgetful) this.stored.set(request.batch_id, { hash: payloadHash(request), request, results });
    return results;
  }

  /** As it was when it was started; ids go on. */
  reset(): void {
    this.received.length = 0;
    this.reads.length = 0;
    this.titles.length = 0;
    this.script.length = 0;
    this.stored.clear();
    this.forgetful = false;
    this.mostAtOnce = 0;
    this.reply = faithful;
    this.readReply = faithfulRead;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (request.method === 'GET' && path.startsWith(`${IMPORT}/`)) {
      const batchId = decodeURIComponent(path.slice(IMPORT.length + 1));
      this.reads.push(batchId);
      this.readReply(batchId, response, this);
      return;
    }
    if (request.method !== 'POST' || path !== IMPORT) return json(response, 404, { error: 'not_found' });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const parsed = JSON.parse(body) as BulkImportRequest;
    const batch = { batchId: parsed.batch_id, body, request: parsed, headers: request.headers };
    this.received.push(batch);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    response.once('close', () => this.atOnce--);
    await (this.script.shift() ?? this.reply)(batch, response, this);
  }
}
