/** Runs a step over and over: at once when rung, else after a pause; one at a time. */
export class BackgroundLoop {
  private running: Promise<void> | undefined;
  private stopping = false;
  private rung = false;
  private wake: (() => void) | undefined;

  /** @param step its failures go to `failed`, and are followed by the pause like any other step */
  constructor(
    private readonly pauseMs: number,
    private readonly step: () => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
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
        // Whoever rang must not make a broken step spin.
        this.rung = false;
        this.failed(error);
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
