import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as the receiver got it. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body, read. */
  readonly message: { type: string; timestamp: string; data: Record<string, unknown> };
}

/** Where webhooks go in a test. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Those on one path. */
  at(path: string): Received[];
  /** Answers the next ones with these statuses, then with 200; 0 stands for no answer at all. */
  answer(...statuses: number[]): void;
  /** Answers nothing on a path. @returns what ends that */
  hold(path: string): () => void;
  close(): Promise<void>;
}

/** Starts a receiver on a free port of this machine. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const script: number[] = [];
  const held = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const message = JSON.parse(body) as Received['message'];
      received.push({ path: request.url ?? '', headers: request.headers, body, message });
      if (held.has(request.url ?? '')) return;
      const status = script.shift() ?? 200;
      if (status > 0) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    at: (path) => received.filter((message) => message.path === path),
    answer: (...statuses) => script.push(...statuses),
    hold(path) {
      held.add(path);
      return () => held.delete(path);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether a message is signed with the secret, as a receiver that knows Standard Webhooks would check it. */
export function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(signature);
}
