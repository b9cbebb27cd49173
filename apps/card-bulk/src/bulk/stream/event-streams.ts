import { ProblemError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { MAX_EVENT_STREAMS } from '../limits.js';

/** Seconds after which one of an owner's streams may have ended. */
const RETRY_AFTER_SECONDS = '10';

/** 429: as many event streams as an owner may have open at once. */
export class TooManyStreamsError extends ProblemError {
  constructor() {
    super('rate_limited', {
      detail: `At most ${MAX_EVENT_STREAMS} event streams (max_event_streams) may be open at once; close one, or poll the status`,
      headers: { 'retry-after': RETRY_AFTER_SECONDS },
    });
  }
}

/** Counts the event streams that each owner has open in this process. */
@Injectable()
export class EventStreams {
  private readonly open = new Map<string, number>();

  /** Takes a place. @returns what gives it back @throws TooManyStreamsError */
  enter(owner: string): () => void {
    const count = this.open.get(owner) ?? 0;
    if (count >= MAX_EVENT_STREAMS) throw new TooManyStreamsError();
    this.open.set(owner, count + 1);
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      const left = (this.open.get(owner) ?? 1) - 1;
      if (left > 0) this.open.set(owner, left);
      else this.open.delete(owner);
    };
  }
}
