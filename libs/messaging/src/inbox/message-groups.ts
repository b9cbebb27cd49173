/** Groups that run at once. */
const LANES = 2;
/** Most messages of one transaction: enough to share its cost, few enough that a failing one costs the others little. */
const LARGEST = 32;

interface Member<Item, Result> {
  readonly item: Item;
  /** undefined: the group failed, and the item has to be worked on alone. */
  readonly resolve: (result: Result | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts what waits at the same time into groups that are worked on together, as databases do with commits: alone when
 * nothing else waits, so that a quiet consumer loses no time, and up to 32 under load.
 */
export class MessageGroups<Item, Result> {
  private waiting: Member<Item, Result>[] = [];
  private running = 0;
  private starting = false;

  /** @param work answers one result an item, in order */
  constructor(private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /**
   * Joins the next group.
   * @returns undefined when the group failed, as nobody knows which member's fault that was
   * @throws what `work` threw, when the item was alone in its group
   */
  join(item: Item): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.starting) return;
      this.starting = true;
      // What arrives in one read from the socket is to meet; it is handed over one by one in the same turn.
      setImmediate(() => {
        this.starting = false;
        this.start();
      });
    });
  }

  private start(): void {
    while (this.running < LANES && this.waiting.length > 0) {
      const share = Math.ceil(this.waiting.length / (LANES - this.running));
      const group = this.waiting.splice(0, Math.min(share, LARGEST));
      this.running++;
      void this.run(group);
    }
  }

  private async run(group: readonly Member<Item, Result>[]): Promise<void> {
    try {
      const results = await this.work(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => {
        resolve(results[index]);
      });
    } catch (error) {
      for (const { resolve, reject } of group) {
        if (group.length === 1) reject(error);
        else resolve(undefined);
      }
    } finally {
      this.running--;
      this.start();
    }
  }
}
