import type { Logger } from 'pino';

/** Steps of a shutdown, in order (architecture, messaging guarantee 6). */
export const shutdownPhases = [
  'stop taking work',
  'finish what is in hand',
  'stop the relay',
  'close the broker',
  'close the pool',
] as const;
/** One step of a shutdown. */
export type ShutdownPhase = (typeof shutdownPhases)[number];

type Step = () => Promise<void>;

/** What a process still has to do before it may end. Injectable: a background worker registers how it is stopped. */
export class Shutdown {
  private readonly steps = new Map<ShutdownPhase, Step[]>(shutdownPhases.map((phase) => [phase, []]));
  private running: Promise<void> | undefined;

  constructor(private readonly logger: Logger) {}

  /** Whether the process has begun to end: no longer ready, takes no new work. */
  get begun(): boolean {
    return this.running !== undefined;
  }

  /** Has `step` run in `phase`; steps of one phase run side by side. A failing step is logged and holds up nothing. */
  on(phase: ShutdownPhase, step: Step): void {
    this.steps.get(phase)?.push(step);
  }

  /** Runs all phases in order, once, however often it is called. */
  run(): Promise<void> {
    this.running ??= this.runPhases();
    return this.running;
  }

  private async runPhases(): Promise<void> {
    for (const phase of shutdownPhases) {
      const steps = this.steps.get(phase) ?? [];
      const outcomes = await Promise.allSettled(steps.map(async (step) => step()));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          this.logger.error({ msg: 'shutdown step failed', phase, err: outcome.reason as unknown });
      }
      this.logger.debug({ msg: 'shutdown phase done', phase });
    }
  }
}
