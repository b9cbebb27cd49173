/** What came of one of several requests. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly error: unknown };

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How much is done at once. */
export interface TogetherOptions<Request> {
  /** Calls that run at the same time. */
  readonly calls: number;
  /** Weight of all requests of one call; one request may have as much by itself. */
  readonly most: number;
  readonly weightOf: (request: Request) => number;
}

/** What comes at once is shared out among the calls that may start, but no smaller than this: a call has its price. */
const WORTH_A_CALL = 8;

/**
 * Answers many requests with few calls, as a database does with its group commit: nobody waits for company, but who comes
 * while calls run goes together with the others who do. The busier it is, the less a request costs.
 */
export class Together<Request, Answer> {
  private readonly waiting: Waiting<Request, Answer>[] = [];
  private running = 0;
  private isDue = false;

  /** @param work one outcome for each request, in their order; when it fails, all of its requests do */
  constructor(
    private readonly work: (requests: readonly Request[]) => Promise<readonly Outcome<Answer>[]>,
    private readonly options: TogetherOptions<Request>,
  ) {}

  /** @throws what its outcome says, or why the call failed */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      this.startSoon();
    });
  }

  /** Whatever else arrives in this turn of the event loop comes along. */
  private startSoon(): void {
    if (this.isDue || this.running >= this.options.calls || this.waiting.length === 0) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      while (this.running < this.options.calls && this.waiting.length > 0) void this.call(this.nextOnes());
    });
  }

  private nextOnes(): Waiting<Request, Answer>[] {
    const { calls, most, weightOf } = this.options;
    const share = Math.max(WORTH_A_CALL, Math.ceil(this.waiting.length / (calls - this.running)));
    let weight = 0;
    const end = this.waiting.findIndex(
      ({ request }, place) => place === share || ((weight += weightOf(request)) > most && place > 0),
    );
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  private async call(ones: readonly Waiting<Request, Answer>[]): Promise<void> {
    this.running++;
    try {
      const outcomes = await this.work(ones.map(({ request }) => request));
      ones.forEach(({ resolve, reject }, place) => {
        const outcome = outcomes[place];
        if (outcome && 'answer' in outcome) resolve(outcome.answer);
        else reject(outcome?.error ?? new Error(`No outcome for request ${String(place)}`));
      });
    } catch (error) {
      for (const { reject } of ones) reject(error);
    } finally {
      this.running--;
      this.startSoon();
    }
  }
}
