import { connect, type ChannelModel } from 'amqplib';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingLogger } from '../../messaging-options.js';
import { within } from './within.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that is starting may leave a declaration unanswered while its heartbeats go on. */
const SET_UP_TIMEOUT_MS = 20_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** What a connection needs to know. */
export interface RabbitmqConnectionOptions {
  readonly url: string;
  /** Shown by the broker's tools. */
  readonly name: string;
  readonly heartbeatSeconds: number;
  readonly logger: MessagingLogger;
  /** Builds channels and topology; a rejection ends this connection and the next one is tried. */
  readonly onConnected: (model: ChannelModel) => Promise<void>;
  readonly onLost: () => void;
}

/**
 * One connection that is always being kept up. amqplib's own recovery brings back neither a deleted queue's consumer
 * nor topology on a wiped broker, and its channels outlive what they stood for; here every connection starts from
 * nothing and `onConnected` builds all of it.
 */
export class RabbitmqConnection {
  private model: ChannelModel | undefined;
  private loop: Promise<void> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly options: RabbitmqConnectionOptions) {}

  /** Starts connecting. Safe to repeat. */
  start(): void {
    this.loop ??= this.keepUp();
  }

  /** Cuts the connection, without a word to a peer that may not answer; the next one is tried at once. */
  drop(): void {
    // With an error: amqplib does not hear of a socket that closes quietly.
    streamOf(this.model)?.destroy(new Error('connection cut'));
  }

  /** Says goodbye if the peer still listens, and stays away. */
  async close(): Promise<void> {
    this.closing.abort();
    const goodbye = this.model?.close().catch(() => undefined);
    if (goodbye) await Promise.race([goodbye, delay(2_000, undefined, { ref: false })]);
    this.drop();
    await this.loop;
  }

  private async keepUp(): Promise<void> {
    const { signal } = this.closing;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.oneConnection(() => (failures = 0));
      } catch (error) {
        if (failures === 0) this.options.logger.warn(`rabbitmq (${this.options.name}): ${describe(error)}`);
      }
      if (signal.aborted) return;
      const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++) * (0.5 + Math.random() / 2);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when the connection has ended. */
  private async oneConnection(onReady: () => void): Promise<void> {
    const url = new URL(this.options.url);
    url.searchParams.set('heartbeat', String(this.options.heartbeatSeconds));
    const connected = connect(url.toString(), {
      // Without it Nagle's algorithm holds a small message back for 40 ms.
      noDelay: true,
      timeout: CONNECT_TIMEOUT_MS,
      clientProperties: { connection_name: this.options.name },
    });
    // amqplib's time-out watches the socket, which may be closed while the handshake waits for ever.
    const model = await within(CONNECT_TIMEOUT_MS + 1_000, connected);
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        resolve();
      };
      model.once('close', end);
      // While amqplib waits for the peer's goodbye it takes no notice of the socket.
      streamOf(model)?.once('close', end);
    });
    const failed = ended.then(() => Promise.reject(new Error('connection ended')));
    failed.catch(() => undefined);
    // An 'error' without a listener would end the process; 'close' always follows it.
    model.on('error', (error) => {
      this.options.logger.warn(`rabbitmq (${this.options.name}): ${describe(error)}`);
    });
    this.model = model;
    gatherWrites(streamOf(model));
    try {
      if (this.closing.signal.aborted) this.drop();
      else await within(SET_UP_TIMEOUT_MS, Promise.race([this.options.onConnected(model), failed]));
      onReady();
      await ended;
    } catch (error) {
      this.drop();
      await ended;
      throw error;
    } finally {
      this.model = undefined;
      this.options.onLost();
    }
  }
}

/** The socket; not in amqplib's types, and the only way to end a connection whose peer is silent. */
function streamOf(model: ChannelModel | undefined): Duplex | undefined {
  return (model?.connection as { stream?: Duplex } | undefined)?.stream;
}

/**
 * Lets what is written in one turn leave in one system call: amqplib writes each frame, so each acknowledgement and
 * each message of a wave, on its own, and those calls were a quarter of a busy service's time.
 */
function gatherWrites(stream: Duplex | undefined): void {
  if (!stream) return;
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (...args: unknown[]): boolean => {
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => {
        stream.uncork();
      });
    }
    return write(...args);
  };
}

/** The error without the URL and its password. */
function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/amqps?:\/\/\S+/g, 'amqp://…');
}
