/** Bytes `start` to `end`, both included. */
export interface Bytes {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads `Range` (RFC 9110, section 14). One range of bytes is served; what is none, or several at once, is as good
 * as not sent: the whole file answers it.
 * @param size of the file, bytes
 * @returns undefined for the whole file; `unsatisfiable` for a range that lies outside of it
 */
export function readRange(header: string | undefined, size: number): Bytes | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] =
    /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const count = Math.min(Number(last), size);
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
