import { Logger } from '@nestjs/common';

/**
 * Runs a step over and over in the background: at once when rung, else after a pause. A failing step is logged and
 * waits for the pause like any other, so nothing spins.
 */
export class Loop {
  private readonly logger = new Logger(Loop.name);
  private running: Promise<void> | undefined;
  private stopping = false;
  private rung = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly name: string,
    private readonly pauseMs: number,
    private readonly step: () => Promise<void>,
  ) {}

  /** Begins; safe to repeat. */
  start(): void {
    this.running ??= this.run();
  }

  /** Asks for a step soon; one that is running is followed by another. */
  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Lets the running step end and begins no further one. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.rung = false;
      try {
        await this.step();
      } catch (error) {
        this.logger.error({ msg: 'background step failed', loop: this.name, err: error });
        // Whoever rang must not make a broken step spin.
        this.rung = false;
      }
      await this.pause();
    }
  }

  private async pause(): Promise<void> {
    if (this.rung || this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.pauseMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }
}
