/** Where lines go. */
export interface Output {
  /** @returns false when what was written should be let go first (`drain`) */
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  /** Characters of a line; undefined when nobody looks. */
  readonly columns?: number;
}

/** Results go to `out`, which may be a file or a pipe; everything else to `err`. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
}

/** The terminal of this process. */
export const ownTerminal: Terminal = { out: process.stdout, err: process.stderr };

/** Text from elsewhere for a terminal: on one line, and without the characters by which it could take the terminal over. */
export function printable(text: string): string {
  return (
    text
      .replace(/[\r\n\t]+/g, ' ')
      // C0 and C1 controls, and those which turn the direction of what follows.
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
  );
}
