import type { EnvField } from './env-field.js';

/** Fields of a configuration class by property name. */
export type EnvFields = Readonly<Record<string, EnvField>>;

/** What a configuration object holds. */
export type ConfigValues<Fields extends EnvFields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends EnvField<infer Value> ? Value : never;
};

/** A class whose instances hold validated configuration; also the token by which it is injected. */
export interface ConfigClass<Fields extends EnvFields = EnvFields> {
  new (values: ConfigValues<Fields>): ConfigValues<Fields>;
  readonly fields: Fields;
}

/** Makes the base of a configuration class: `class ExporterConfig extends configClass({ … }) {}`. */
export function configClass<const Fields extends EnvFields>(fields: Fields): ConfigClass<Fields> {
  class Config {
    static readonly fields = fields;
    constructor(values: ConfigValues<Fields>) {
      Object.assign(this, values);
    }
  }
  return Config as unknown as ConfigClass<Fields>;
}

/** Every fault of a configuration, one line each: variable, what was given, what is allowed. */
export class ConfigurationError extends Error {
  constructor(
    readonly service: string,
    readonly faults: readonly string[],
  ) {
    super(
      `${service} cannot start, its configuration has ${String(faults.length)} fault(s):\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigurationError';
  }
}

/** A URL may carry a password where nobody expected one. */
function withoutPassword(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]*@/g, '//…@');
}

/**
 * Reads and checks a configuration.
 * @param service name used in the error
 * @param environment normally `process.env`
 * @throws ConfigurationError with all faults at once
 */
export function loadConfig<Config>(
  type: { readonly fields: EnvFields } & (new (values: never) => Config),
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const given = environment[field.variable];
    // An empty variable counts as unset, except where the empty text is the default (an empty list).
    const raw = given === undefined || given === '' ? field.fallback : given;
    if (raw === null) {
      const other = field.requiredUnless;
      if (other !== undefined && !environment[other])
        faults.push(`${field.variable} or ${other} has to be set. ${field.description}`);
      continue;
    }
    if (raw === undefined) {
      faults.push(`${field.variable} is not set; allowed: ${field.allowed}. ${field.description}`);
      continue;
    }
    const parsed = field.schema.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else {
      const shown = field.secret
        ? `(hidden, ${String(raw.length)} characters)`
        : JSON.stringify(withoutPassword(raw));
      faults.push(`${field.variable} was given ${shown}; allowed: ${field.allowed}`);
    }
  }
  // A class may look at its fields together, once each is sound by itself.
  const together = type as { check?: (values: Record<string, unknown>) => readonly string[] };
  if (faults.length === 0) faults.push(...(together.check?.(values) ?? []));
  if (faults.length > 0) throw new ConfigurationError(service, faults);
  return new type(values as never);
}

/**
 * An environment in which every required variable has its example value, and those of the class's own
 * `exampleEnvironment` theirs: for tools that only inspect a service.
 */
export function exampleEnvironment(type: {
  readonly fields: EnvFields;
  readonly exampleEnvironment?: Readonly<Record<string, string>>;
}): Record<string, string> {
  const required = Object.values(type.fields).filter((field) => field.fallback === undefined);
  return {
    ...Object.fromEntries(required.map((field) => [field.variable, field.example])),
    ...type.exampleEnvironment,
  };
}
