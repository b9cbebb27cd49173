import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A service behind the gateway that does what a test tells it to. */
export interface ScriptedService {
  readonly url: string;
  readonly port: number;
  /** Heads of all requests, oldest first. */
  readonly requests: readonly IncomingMessage[];
  /** Head of the newest request. @throws Error when there was none */
  lastRequest(): IncomingMessage;
  /** Connections open now. */
  readonly connections: ReadonlySet<Socket>;
  readonly server: Server;
  /** What it does with requests from now on. */
  answer(listener: Script): void;
  /** Resets all connections and listens no more. */
  die(): Promise<void>;
}

/** What a service does with a request; a promise that fails cuts the connection. */
export type Script = (...exchange: Parameters<RequestListener>) => unknown;

/** Answers `{"ok":true}`. */
const wellBehaved: Script = (request, response) => {
  request.resume();
  response.setHeader('content-type', 'application/json').end('{"ok":true}');
};

/** Starts a service on the loopback interface. @param port default: a free one */
export async function startService(listener: Script = wellBehaved, port = 0): Promise<ScriptedService> {
  let current = listener;
  const requests: IncomingMessage[] = [];
  const connections = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    requests.push(request);
    Promise.resolve(current(request, response)).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${String(bound)}`,
    port: bound,
    requests,
    lastRequest() {
      const last = requests.at(-1);
      if (!last) throw new Error('No request reached the service');
      return last;
    },
    connections,
    server,
    answer: (next) => (current = next),
    async die() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
