import { run } from '../../src/run.js';

/** What a command wrote and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How a command is run. */
export interface Running {
  readonly gateway: string;
  /** Whether a person looks on. */
  readonly isTerminal?: boolean;
}

/** Runs `hornbook …` in this process against a gateway. */
export async function hornbook(
  args: readonly string[],
  { gateway, isTerminal = false }: Running,
): Promise<Ran> {
  const before = { ...process.env };
  Object.assign(process.env, { HORNBOOK_URL: gateway, HORNBOOK_TOKEN: 'key-1' });
  const written = { out: [] as Buffer[], err: [] as Buffer[] };
  const output = (
    to: Buffer[],
  ): { write(text: string | Uint8Array): boolean; isTTY: boolean; columns: number } => ({
    write: (text) => to.push(Buffer.from(text as string)) > 0,
    isTTY: isTerminal,
    columns: 80,
  });
  try {
    const code = await run(args, { out: output(written.out), err: output(written.err) });
    return { code, out: Buffer.concat(written.out).toString(), err: Buffer.concat(written.err).toString() };
  } finally {
    process.env = before;
  }
}
