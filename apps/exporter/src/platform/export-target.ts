/** What came back from the platform, before anybody judges it. */
export type PlatformAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Parsed JSON; undefined when the body was none. */
      readonly body: unknown;
      readonly retryAfter: string | undefined;
    }
  /** A status came, but its body is too large or broke off. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly message: string }
  /** Refused, reset, timed out: whether the platform acted is unknown. */
  | {
      readonly kind: 'unreachable';
      readonly reason: 'timeout' | 'connection_error';
      readonly message: string;
    }
  /** We hung up ourselves because the process ends; the platform may have acted or not. */
  | { readonly kind: 'interrupted' };

/** A batch as it goes over the wire. */
export interface SealedBatch {
  readonly batchId: string;
  /** The exact JSON text. */
  readonly body: string;
}

/** The platform that dialogues are exported to. Methods never reject: whatever happens is an answer. */
export abstract class ExportTarget {
  /** Sends a batch: the same bytes each time. */
  abstract send(batch: SealedBatch, signal: AbortSignal): Promise<PlatformAnswer>;
  /** Asks what the platform holds under a batch id. */
  abstract read(batchId: string, signal: AbortSignal): Promise<PlatformAnswer>;
  /** Ends the connections. */
  abstract close(): Promise<void>;
}
