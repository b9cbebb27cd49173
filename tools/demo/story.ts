import { setTimeout as sleep } from 'node:timers/promises';
import type { RunInfo } from '../start/platform.ts';
import { say } from '../start/printing.ts';

/** Longest time that something asked for may take to happen. */
const PATIENCE_MS = 20_000;

/** Who calls: with the local API key, as a user of the laptop's `AUTH_MODE=dev`, with other headers, or not at all. */
export type Caller =
  | { readonly kind: 'key' }
  | { readonly kind: 'user'; readonly name: string; readonly role: 'reviewer' | 'curator' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'nobody' };

/** An answer of the platform. */
export interface Answer<Body> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Body;
}

/** The pipeline that generates dialogues. */
export const pipeline: Caller = { kind: 'key' };
/** Somebody who reviews. */
export const reviewer = (name: string): Caller => ({ kind: 'user', name, role: 'reviewer' });
/** Somebody who curates. */
export const curator = (name: string): Caller => ({ kind: 'user', name, role: 'curator' });

/** Tells what happens, and keeps account of whether it was what should. */
export class Story {
  readonly info: RunInfo;
  private readonly broken: string[] = [];

  constructor(info: RunInfo) {
    this.info = info;
  }

  /** Begins a scene. */
  scene(title: string): void {
    say(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`);
  }

  /** A sentence. */
  tell(sentence: string): void {
    say(sentence);
  }

  /** Facts below a sentence: a name and what the platform said. */
  facts(rows: Readonly<Record<string, unknown>>): void {
    const widest = Math.max(...Object.keys(rows).map(({ length }) => length));
    for (const [name, value] of Object.entries(rows)) {
      const shown = typeof value === 'string' ? value : JSON.stringify(value);
      say(`    ${name.padEnd(widest)}  ${shown}`);
    }
  }

  /** Says what was promised, and whether it was kept. */
  promise(sentence: string, isKept: boolean): void {
    say(`  ${isKept ? '✓' : '✗'} ${sentence}`);
    if (!isKept) this.broken.push(sentence);
  }

  /** Tells how it ended. @returns exit code */
  end(): number {
    if (this.broken.length === 0) {
      say('\nEverything was as promised.');
      return 0;
    }
    say(`\nNot as promised: ${this.broken.join('; ')}.`);
    return 1;
  }

  /** One call through the gateway. */
  async call<Body>(
    caller: Caller,
    method: string,
    path: string,
    { body, etag }: { readonly body?: unknown; readonly etag?: string } = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.info.gateway}${path}`, {
      method,
      headers: {
        ...this.credentials(caller),
        ...(etag === undefined ? {} : { 'if-match': etag }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const etagNow = response.headers.get('etag');
    return { status: response.status, etag: etagNow, body: (await response.json()) as Body };
  }

  /** Asks until the answer is there. @throws Error naming what was waited for */
  async until<Result>(what: string, ask: () => Promise<Result | undefined>): Promise<Result> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const result = await ask();
      if (result !== undefined) return result;
      if (Date.now() > deadline) throw new Error(`${what}: not within ${String(PATIENCE_MS / 1000)} s`);
      await sleep(50);
    }
  }

  private credentials(caller: Caller): Record<string, string> {
    switch (caller.kind) {
      case 'key':
        return { authorization: `Bearer ${this.info.apiKey}` };
      case 'token':
        return { authorization: `Bearer ${caller.token}` };
      case 'user':
        return { 'x-user-id': caller.name, 'x-user-roles': caller.role };
      case 'nobody':
        return {};
    }
  }
}
