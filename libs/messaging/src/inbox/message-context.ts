import type { CloudEvent } from '@hornbook/contracts';
import type { Tx } from '@hornbook/database';

/** What a handler gets beside the data: `@Ctx() message: MessageContext`. */
export class MessageContext {
  constructor(
    /** The transaction that holds the inbox row: what is written in it happens once for this message. */
    readonly tx: Tx,
    /** The envelope as it came. */
    readonly event: CloudEvent,
    /** 1 on the first delivery; counts delayed retries. */
    readonly attempt: number,
    readonly consumer: string,
  ) {}
}
