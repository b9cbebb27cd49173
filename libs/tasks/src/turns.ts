/**
 * What became of a step: there is `more` to do; the task has `ended` for this process; the database is away and the
 * step is to be tried again `later`; or the step before has decided what happens, and this one was `dropped`.
 */
export type StepOutcome = 'more' | 'ended' | 'later' | 'dropped';

/** The step before has committed and left more to do; rejected when it has not. undefined: there was none in hand. */
export type Turn = Promise<void> | undefined;

/** The step before did not end with `more`: what was staged after it rolls back. */
class DroppedError extends Error {
  override readonly name = 'DroppedError';
}

/** The steps of one run that are in hand at once. Each may begin at any time, and goes on after the one before it. */
export class Turns {
  private inHand = 0;
  private idle = 0;
  private last: Promise<StepOutcome> | undefined;

  /** @param onWait called when a step begins to wait for the one before it */
  constructor(private readonly onWait: () => void) {}

  get isTaken(): boolean {
    return this.inHand > 0;
  }

  /** How many of the steps in hand only wait for the one before them. */
  get waiting(): number {
    return this.idle;
  }

  /** Begins a step, which must not throw. */
  take(step: (turn: Turn) => Promise<StepOutcome>): Promise<StepOutcome> {
    const turn = this.isTaken && this.last ? turnAfter(this.last) : undefined;
    this.inHand++;
    this.last = step(turn).finally(() => this.inHand--);
    return this.last;
  }

  /** Waits for a step's turn. @throws DroppedError when the step before has decided otherwise */
  async wait(turn: Turn): Promise<void> {
    if (!turn) return;
    this.idle++;
    this.onWait();
    try {
      await turn;
    } finally {
      this.idle--;
    }
  }
}

/** Whether the step before has decided otherwise. */
export async function isDropped(turn: Turn): Promise<boolean> {
  try {
    await turn;
    return false;
  } catch {
    return true;
  }
}

async function turnAfter(before: Promise<StepOutcome>): Promise<void> {
  if ((await before) !== 'more') throw new DroppedError('the step before has not ended with more');
}
