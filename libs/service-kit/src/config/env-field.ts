import { z } from 'zod';

/** One environment variable: how it is read, what is allowed, and what the configuration page says of it. */
export interface EnvField<Value = unknown> {
  readonly variable: string;
  readonly description: string;
  /** What is allowed, in words; printed with every refusal. */
  readonly allowed: string;
  readonly schema: z.ZodType<Value>;
  /** Text used when the variable is not set; undefined means it has to be set, null that it may be left out. */
  readonly fallback: string | null | undefined;
  /** A variable that may stand in for this one: one of the two has to be set. */
  readonly requiredUnless: string | undefined;
  /** Never printed, not even when it is refused. */
  readonly secret: boolean;
  /** A valid text, for the documentation and for tools that need no running service. */
  readonly example: string;
}

interface FieldOptions {
  readonly description: string;
  /** Text used when the variable is not set. */
  readonly default?: string;
  readonly example?: string;
}

type OptionalField = FieldOptions & { readonly optional: true };

function field<Value>(
  variable: string,
  allowed: string,
  schema: z.ZodType<Value>,
  options: FieldOptions & { optional?: boolean; secret?: boolean; requiredUnless?: string },
  example: string,
): EnvField<Value> {
  return {
    variable,
    description: options.description,
    allowed,
    schema,
    fallback: options.optional ? null : options.default,
    requiredUnless: options.requiredUnless,
    secret: options.secret ?? false,
    example: options.example ?? options.default ?? example,
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const decimal = /^-?\d+(\.\d+)?$/;

function number(whole: boolean, { min, max }: Range): z.ZodType<number, string> {
  return z
    .string()
    .regex(decimal)
    .transform(Number)
    .pipe(whole ? z.int().min(min).max(max) : z.number().min(min).max(max));
}

/** Builders of configuration fields. Every value comes from one environment variable. */
export const env = {
  /** Non-empty text. */
  string: (
    variable: string,
    options: FieldOptions & { pattern?: RegExp; allowed?: string },
  ): EnvField<string> =>
    field(
      variable,
      options.allowed ?? 'a text',
      options.pattern ? z.string().regex(options.pattern) : z.string().min(1),
      options,
      'text',
    ),

  /** Text that may be missing. */
  optionalString: (variable: string, options: FieldOptions): EnvField<string | undefined> =>
    field<string | undefined>(variable, 'a text', z.string().min(1), { ...options, optional: true }, 'text'),

  /** Whole number within a range. */
  integer: (variable: string, options: FieldOptions & Range): EnvField<number> =>
    field(
      variable,
      `a whole number from ${String(options.min)} to ${String(options.max)}`,
      number(true, options),
      options,
      String(options.min),
    ),

  /** Comma-separated whole numbers within a range. */
  integers: (variable: string, options: FieldOptions & Range): EnvField<number[]> =>
    field(
      variable,
      `whole numbers from ${String(options.min)} to ${String(options.max)}, separated by commas`,
      z
        .string()
        .transform((list) => list.split(',').map((item) => item.trim()))
        .pipe(z.array(number(true, options)).min(1)),
      options,
      String(options.min),
    ),

  /** Comma-separated texts; the empty text is the empty list. */
  list: (variable: string, options: FieldOptions): EnvField<string[]> =>
    field(
      variable,
      'texts separated by commas',
      z.string().transform((list) =>
        list
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ),
      options,
      '',
    ),

  /** `true` or `false`. */
  flag: (variable: string, options: FieldOptions): EnvField<boolean> =>
    field(
      variable,
      'true or false',
      z.enum(['true', 'false']).transform((word) => word === 'true'),
      options,
      'true',
    ),

  /** One of a closed list of words. */
  choice: <const Word extends string>(
    variable: string,
    words: readonly [Word, ...Word[]],
    options: FieldOptions,
  ): EnvField<Word> => field(variable, `one of ${words.join(', ')}`, z.enum(words), options, words[0]),

  /** URL of one of the given protocols (`['http:', 'https:']`). A URL with a password in it is a secret. */
  url: (
    variable: string,
    options: FieldOptions & { protocols: readonly string[]; secret?: boolean },
  ): EnvField<string> =>
    field(
      variable,
      urlAllowed(options.protocols),
      urlOf(options.protocols),
      options,
      `${options.protocols[0] ?? 'http:'}//127.0.0.1`,
    ),

  /** URL that may be missing. */
  optionalUrl: (
    variable: string,
    options: FieldOptions & { protocols: readonly string[]; secret?: boolean; requiredUnless?: string },
  ): EnvField<string | undefined> =>
    field<string | undefined>(
      variable,
      urlAllowed(options.protocols),
      urlOf(options.protocols),
      { ...options, optional: true },
      `${options.protocols[0] ?? 'http:'}//127.0.0.1`,
    ),

  /** Secret text of at least `minLength` characters; never has a default. */
  secret: (
    variable: string,
    options: Omit<FieldOptions, 'default'> & { minLength: number },
  ): EnvField<string> =>
    field(
      variable,
      `a secret of at least ${String(options.minLength)} characters`,
      z.string().min(options.minLength),
      { ...options, secret: true },
      'x'.repeat(options.minLength),
    ),

  /** Secret text that may be missing. */
  optionalSecret: (
    variable: string,
    options: Omit<OptionalField, 'default' | 'optional'> & { minLength: number },
  ): EnvField<string | undefined> =>
    field<string | undefined>(
      variable,
      `a secret of at least ${String(options.minLength)} characters`,
      z.string().min(options.minLength),
      { ...options, optional: true, secret: true },
      'x'.repeat(options.minLength),
    ),

  /** Anything else: text read by a schema of the caller's. */
  custom: <Value>(
    variable: string,
    schema: z.ZodType<Value>,
    options: FieldOptions & { allowed: string; example: string; secret?: boolean },
  ): EnvField<Value> => field(variable, options.allowed, schema, options, options.example),
};

function urlAllowed(protocols: readonly string[]): string {
  return `a URL beginning with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
}

function urlOf(protocols: readonly string[]): z.ZodType<string> {
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol));
}
