import type { Step } from './steps.ts';

/** Counts what passed and failed, and tells it as it happens. */
export class Tally {
  private passed = 0;
  private failed = 0;

  get isGood(): boolean {
    return this.failed === 0;
  }

  add(passed: number, failed: number): void {
    this.passed += passed;
    this.failed += failed;
  }

  /** Runs a step which counts as one test; its failure is told and does not stop the others. */
  async run(step: Step): Promise<boolean> {
    const isPassed = await this.require(step);
    if (isPassed) this.add(1, 0);
    return isPassed;
  }

  /** Runs what the tests need: no test itself, so it counts only when it fails. */
  async require(step: Step): Promise<boolean> {
    const startedAt = Date.now();
    const seconds = (): string => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
    try {
      await step.run();
      say(`${step.name}: passed (${seconds()})`);
      return true;
    } catch (error) {
      this.add(0, 1);
      say(`${step.name}: FAILED (${seconds()})\n${error instanceof Error ? error.message : String(error)}\n`);
      return false;
    }
  }

  /** The line that a run ends with. */
  toString(): string {
    return `${String(this.passed)} passed, ${String(this.failed)} failed`;
  }
}

/** One line of progress. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
