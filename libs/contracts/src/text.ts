import { z } from 'zod';

/** Number of Unicode code points in `value` ("🙂" counts 1, though JavaScript's `length` says 2). */
export function codePointLength(value: string): number {
  let length = value.length;
  for (let index = 0; index < value.length - 1; index++) {
    const unit = value.charCodeAt(index);
    // A well-formed pair is two units but one character; skip its second half.
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = value.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        length--;
        index++;
      }
    }
  }
  return length;
}

/** Whether Postgres can store `value` and give it back unchanged: no NUL, no lone surrogate. */
export function isStorable(value: string): boolean {
  return !value.includes('\u0000') && value.isWellFormed();
}

/** Bounds of a text member, in Unicode code points. */
export interface TextBounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Schema of human text that Postgres can store: lengths are counted in code points (as JSON Schema counts them),
 * NUL and lone surrogates are refused, and text of nothing but white space is "too short" whenever `min` > 0.
 * Messages follow seed 000, section 3 ("String too short (minimum 5 characters)").
 */
export function text({ min = 0, max }: TextBounds = {}): z.ZodString {
  return z
    .string()
    .check((context) => {
      const value = context.value;
      const report = (message: string, code: string): void => {
        context.issues.push({ code: 'custom', message, input: value, params: { code } });
      };
      if (value.includes('\u0000'))
        report('String contains a NUL character (U+0000), which is not allowed', 'invalid_text');
      if (!value.isWellFormed())
        report('String contains a lone surrogate, which is not valid Unicode text', 'invalid_text');
      const length = codePointLength(value);
      if (min > 0 && (length < min || value.trim() === '')) {
        report(
          min === 1
            ? 'String is empty (minimum 1 character)'
            : `String too short (minimum ${String(min)} characters)`,
          'too_short',
        );
      }
      if (max !== undefined && length > max) {
        report(`String too long (maximum ${String(max)} characters)`, 'too_long');
      }
    })
    .meta({ ...(min > 0 ? { minLength: min } : {}), ...(max === undefined ? {} : { maxLength: max }) });
}
