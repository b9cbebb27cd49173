/** What can be picked. */
export interface Candidate {
  readonly owner: string;
  /** Number of the turn in which it was last picked; 0 before the first. */
  readonly lastTurn: number;
}

/** Decides between a newcomer and those level with it. */
const HEAD_START_MS = 0.001;

/**
 * Whose turn it is. Each owner is charged the time that its chunks took, and whoever has the fewest chunks running
 * and has had the least time is next; so an owner with a million rows, or with many tasks, delays another one's
 * hundred rows by a chunk at most. An owner who comes (back) is next, and level with the one who has had the least:
 * time in which it asked for nothing is not saved up.
 */
export class FairQueue {
  private readonly used = new Map<string, number>();
  private readonly running = new Map<string, number>();

  /** The next of `candidates`; undefined without any. */
  pick<Item extends Candidate>(candidates: readonly Item[]): Item | undefined {
    this.keepTo(new Set([...candidates.map(({ owner }) => owner), ...this.running.keys()]));
    let best: Item | undefined;
    for (const candidate of candidates) if (!best || this.isBefore(candidate, best)) best = candidate;
    return best;
  }

  /** A chunk of this owner begins. */
  begin(owner: string): void {
    this.running.set(owner, this.runningOf(owner) + 1);
  }

  /** It has ended, after so many milliseconds. */
  end(owner: string, ms: number): void {
    this.used.set(owner, this.usedBy(owner) + ms);
    const left = this.runningOf(owner) - 1;
    if (left > 0) this.running.set(owner, left);
    else this.running.delete(owner);
  }

  private isBefore(a: Candidate, b: Candidate): boolean {
    const byRunning = this.runningOf(a.owner) - this.runningOf(b.owner);
    if (byRunning !== 0) return byRunning < 0;
    const byUse = this.usedBy(a.owner) - this.usedBy(b.owner);
    if (byUse !== 0) return byUse < 0;
    return a.lastTurn < b.lastTurn;
  }

  private runningOf(owner: string): number {
    return this.running.get(owner) ?? 0;
  }

  private usedBy(owner: string): number {
    return this.used.get(owner) ?? 0;
  }

  private keepTo(owners: ReadonlySet<string>): void {
    for (const owner of this.used.keys()) if (!owners.has(owner)) this.used.delete(owner);
    const least = this.used.size === 0 ? 0 : Math.min(...this.used.values());
    for (const owner of owners) if (!this.used.has(owner)) this.used.set(owner, least - HEAD_START_MS);
  }
}
