import { isUtf8 } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** The unread part of a file, at most one record and one chunk long. Positions are bytes in it, `offset` bytes in the file. */
export class LineBuffer {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private start: number;
  /** Where the next quote stands, if it is known for the place that reading has reached. */
  private quoteAt = -1;
  private isAtEnd = false;

  constructor(offset: number) {
    this.start = offset;
  }

  /** Bytes of the file before the place that reading has reached. */
  get offset(): number {
    return this.start + this.at;
  }

  get isEnded(): boolean {
    return this.isAtEnd;
  }

  /** Bytes that are there and not read yet. */
  get length(): number {
    return this.bytes.length - this.at;
  }

  push(chunk: Buffer): void {
    this.start += this.at;
    this.bytes = this.at === this.bytes.length ? chunk : Buffer.concat([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
    this.quoteAt = -1;
  }

  /** No more bytes come: what is left is the last line, though nothing ends it. */
  end(): void {
    this.isAtEnd = true;
  }

  /**
   * Bytes up to the end of the line that holds the byte `from` (counted from the place reached), without its line
   * feed; undefined when it is not there yet, or nothing is left.
   */
  lineEnd(from = 0): number | undefined {
    const feed = this.bytes.indexOf(LF, this.at + from);
    if (feed >= 0) return feed - this.at;
    return this.isAtEnd && this.length > from ? this.length : undefined;
  }

  /** Whether an odd number of quotes stands between two places, counted from the place reached. */
  hasOpenQuote(from: number, to: number): boolean {
    const end = this.at + to;
    let isOpen = false;
    let next = this.at + from;
    for (;;) {
      if (this.quoteAt < next) {
        const found = this.bytes.indexOf(QUOTE, next);
        this.quoteAt = found < 0 ? Infinity : found;
      }
      if (this.quoteAt >= end) return isOpen;
      isOpen = !isOpen;
      next = this.quoteAt + 1;
    }
  }

  /** The first `length` bytes as text, without a carriage return at their end; undefined when they are not UTF-8. */
  text(length: number): string | undefined {
    let end = this.at + length;
    if (end > this.at && this.bytes[end - 1] === CR) end--;
    const text = this.bytes.toString('utf8', this.at, end);
    // Only a text with the replacement character can have come of bytes that are no UTF-8.
    return text.includes('\ufffd') && !isUtf8(this.bytes.subarray(this.at, end)) ? undefined : text;
  }

  /** The first bytes as far as they can be read, for a person to recognise them by. */
  excerpt(length: number): string {
    return this.bytes.toString('utf8', this.at, this.at + length);
  }

  /** Goes on behind `length` bytes and the line feed that follows them, if one does. */
  take(length: number): void {
    this.at = Math.min(this.at + length + 1, this.bytes.length);
    this.quoteAt = -1;
  }

  /** Goes on behind exactly `length` bytes. */
  skip(length: number): void {
    this.at = Math.min(this.at + length, this.bytes.length);
    this.quoteAt = -1;
  }
}
