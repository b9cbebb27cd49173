import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** More arrived than the route takes. */
export class BodyTooLargeError extends Error {}
/** The caller went away, or the time was up: nobody waits for the answer any more. */
export class CallerLeftError extends Error {}

/**
 * A request's body on its way to a service: passed on part by part, only as fast as the service takes it, and counted,
 * as a chunked body does not say its size beforehand. It stands between the two connections because a failing upload
 * destroys its source, and the caller's connection is still needed for the answer.
 */
export class Upload extends Readable {
  private received = 0;
  /** Whether the service is waiting for the caller (and not the other way round). */
  starved = false;

  /**
   * @param limit most bytes
   * @param onProgress called with every part that arrives
   */
  constructor(
    private readonly source: IncomingMessage,
    private readonly limit: number,
    private readonly onProgress: () => void,
  ) {
    super();
    source.on('data', this.onPart);
    source.once('end', this.onSourceEnd);
    source.once('close', this.onSourceClose);
    source.pause();
  }

  override _read(): void {
    this.starved = true;
    this.source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.source.off('data', this.onPart).off('end', this.onSourceEnd).off('close', this.onSourceClose);
    done(error);
  }

  private readonly onPart = (part: Buffer): void => {
    this.received += part.length;
    if (this.received > this.limit) {
      this.destroy(new BodyTooLargeError());
      return;
    }
    this.onProgress();
    if (!this.push(part)) {
      this.starved = false;
      this.source.pause();
    }
  };

  private readonly onSourceEnd = (): void => {
    this.starved = false;
    this.push(null);
  };

  private readonly onSourceClose = (): void => {
    if (!this.source.complete) this.destroy(new CallerLeftError());
  };
}

/** How long a caller may go on sending after it was answered, milliseconds. */
const LINGER_MS = 2_000;

/**
 * Reads and drops what is left of a request that was answered early. Closing at once would reset the connection, and
 * a caller that is still writing would never see the answer; without an end it could keep us reading for ever.
 */
export function dropRest(source: IncomingMessage): void {
  if (source.readableEnded || source.destroyed) return;
  source.resume();
  if (source.complete) return;
  const timer = setTimeout(() => source.socket.destroy(), LINGER_MS);
  timer.unref();
  source.once('close', () => clearTimeout(timer));
}
