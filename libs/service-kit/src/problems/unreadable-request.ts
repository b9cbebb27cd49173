import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { problem, REQUEST_ID_HEADER, type ErrorCode } from '@hornbook/contracts';

/** Failures of Node's HTTP parser that have a code of their own. */
const parserCodes: Record<string, { code: ErrorCode; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'The request line and headers are larger than 16 KiB together',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'The request did not arrive in time' },
};

/** Node's own note of the response that a socket is busy with. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: { readonly headersSent: boolean } | null;
}

/** Time for the answer to reach a client that is still sending; closing at once would reset it away. Milliseconds. */
const LINGER_MS = 1_000;

const unreadable = { code: 'validation_error', detail: 'The request is not valid HTTP/1.1' } as const;

/** Answers what could not even be parsed with the one problem body, and ends the connection. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  // Reset by the peer, or an answer has begun: anything written now would end up inside it.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy(error);
    return;
  }
  const { code, detail } = parserCodes[error.code ?? ''] ?? unreadable;
  const requestId = randomUUID();
  const body = problem({ code, detail, instance: '/', requestId });
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${String(body.status)} ${body.title}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${String(Buffer.byteLength(text))}\r\n${REQUEST_ID_HEADER}: ${requestId}\r\nconnection: close\r\n\r\n${text}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
