/** There is no file under the key. */
export class FileNotFoundError extends Error {
  override readonly name = 'FileNotFoundError';

  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`There is no file ${key}`, options);
  }
}

/** The range lies outside of the file: HTTP 416. */
export class RangeNotSatisfiableError extends Error {
  override readonly name = 'RangeNotSatisfiableError';

  constructor(readonly key: string) {
    super(`The range lies outside of the file ${key}`);
  }
}

/** Not a key; see `FileStore`. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';

  constructor(key: string) {
    super(
      `${JSON.stringify(key.slice(0, 100))} is no key: 1 to 20 names of letters, digits and ._- joined by /, at most 500 characters`,
    );
  }
}
