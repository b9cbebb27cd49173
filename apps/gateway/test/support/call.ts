import {
  Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** The body, read as JSON. */
  json(): Record<string, unknown>;
}

/** What a call sends. */
export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer | Readable;
  readonly agent?: Agent;
}

/** Opens a request; nothing is sent until it is written to or ended. */
export function open(
  url: string,
  { method = 'GET', headers = {}, agent }: CallOptions = {},
): ReturnType<typeof httpRequest> {
  const options: RequestOptions = {
    method,
    headers: { ...headers },
    agent: agent ?? new Agent({ keepAlive: false }),
  };
  return httpRequest(url, options);
}

/** The head of the answer to a request. */
export function headOf(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
}

/** Reads an answer to its end. @throws Error when it is cut */
export async function read(message: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  return {
    status: message.statusCode ?? 0,
    message: message.statusMessage ?? '',
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    trailers: message.trailers,
    body,
    text: body.toString(),
    json: () => JSON.parse(body.toString()) as Record<string, unknown>,
  };
}

/** Sends a request and reads the answer. */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const request = open(url, options);
  const head = headOf(request);
  const { body } = options;
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) request.end(body);
  else body.pipe(request);
  return read(await head);
}

/** Sends a JSON body. */
export function send(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return call(url, {
    method,
    body: JSON.stringify(body),
    headers: { ...headers, 'content-type': 'application/json' },
  });
}

/** Writes bytes to a server as they are and hands back all that comes until the connection ends. */
export function exchangeBytes(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = '';
    socket.on('data', (part) => (received += part.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write(bytes, 'latin1');
  });
}
