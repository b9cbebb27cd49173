import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the gateway got it. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What is answered. */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON. */
  readonly body?: unknown;
  /** Bytes of the body after which the connection is cut. */
  readonly cutAfter?: number;
  /** No answer at all: the connection is cut at once. */
  readonly hangUp?: boolean;
}

/** A gateway that says what a test has it say, to see what the command line makes of it. */
export interface ScriptedGateway {
  readonly url: string;
  /** Every request so far, its body read. */
  readonly heard: readonly Heard[];
  /** Answers in their order; the last one again and again. */
  on(route: string, ...answers: (Said | ((heard: Heard) => Said | Promise<Said>))[]): void;
  close(): Promise<void>;
}

/** Starts it. @example gateway.on('GET /bulk/status/1', { body: { … } }) */
export async function startScriptedGateway(): Promise<ScriptedGateway> {
  const heard: Heard[] = [];
  const scripts = new Map<string, (Said | ((heard: Heard) => Said | Promise<Said>))[]>();
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const url = new URL(request.url ?? '', 'http://gateway');
      const call: Heard = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      heard.push(call);
      const answers = scripts.get(`${call.method} ${call.path}`) ?? [];
      const next = answers.length > 1 ? answers.shift() : answers[0];
      say(response, typeof next === 'function' ? await next(call) : (next ?? unscripted(call)));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    on: (route, ...answers) => void scripts.set(route, answers),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function unscripted({ method, path }: Heard): Said {
  return problem(404, 'not_found', `Cannot ${method} ${path}`);
}

/** An answer of the platform's kind to what it refuses. */
export function problem(status: number, code: string, detail: string): Said {
  return { status, body: { status, code, detail, request_id: 'request-1' } };
}

function say(response: ServerResponse, { status = 200, headers = {}, body, cutAfter, hangUp }: Said): void {
  if (hangUp) {
    response.destroy();
    return;
  }
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? Buffer.from(body) : jsonOf(body);
  response.writeHead(status, { 'content-length': String(bytes.length), ...headers });
  if (cutAfter === undefined) response.end(status === 304 ? undefined : bytes);
  else response.write(bytes.subarray(0, cutAfter), () => setImmediate(() => response.destroy()));
}

const jsonOf = (body: unknown): Buffer => Buffer.from(body === undefined ? '' : JSON.stringify(body));
