import { ProblemError } from '@hornbook/service-kit';
import type { Readable } from 'node:stream';

/** Longest line, bytes. */
const MAX_LINE_BYTES = 262_144;

/** A line as it was read: a value, or why there is none. */
export type Line = { readonly value: unknown } | { readonly error: string };

/**
 * Lines of a stream of NDJSON in groups; empty lines do not count. Holds one group and one chunk of the stream at most.
 * @throws ProblemError `payload_too_large` for a line or a number of lines beyond the bounds
 */
export async function* linesOf(
  stream: Readable,
  { size, most }: { readonly size: number; readonly most: number },
): AsyncGenerator<Line[]> {
  let rest: Buffer = Buffer.alloc(0);
  let group: Line[] = [];
  let count = 0;
  const take = (line: Buffer): void => {
    if (line.length > MAX_LINE_BYTES) throw tooLong(count);
    const text = line.toString().trim();
    if (text === '') return;
    if (++count > most) {
      throw new ProblemError('payload_too_large', {
        detail: `More than ${String(most)} lines; the first ${String(most)} are stored, send the rest in another request`,
      });
    }
    group.push(parse(text));
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10)) {
      take(data.subarray(0, end));
      data = data.subarray(end + 1);
      if (group.length >= size) {
        yield group;
        group = [];
      }
    }
    if (data.length > MAX_LINE_BYTES) throw tooLong(count);
    rest = data;
  }
  take(rest);
  if (group.length > 0) yield group;
}

function tooLong(line: number): ProblemError {
  return new ProblemError('payload_too_large', {
    detail: `Line ${String(line + 1)} is longer than ${String(MAX_LINE_BYTES)} bytes`,
  });
}

function parse(text: string): Line {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'not JSON' };
  }
}
