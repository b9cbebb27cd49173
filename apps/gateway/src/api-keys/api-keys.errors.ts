import { NotFoundError, ProblemError } from '@hornbook/service-kit';

/** 404; the same for unknown keys and for other owners' keys. */
export class ApiKeyNotFoundError extends NotFoundError {
  constructor(id: string) {
    super(`API key ${id}`);
  }
}

/** 409: the owner has a key of this name. */
export class ApiKeyNameTakenError extends ProblemError {
  constructor(name: string) {
    super('conflict', {
      detail: `There is an API key named ${JSON.stringify(name)} already; revoke it or choose another name`,
    });
  }
}

/** 409: a revoked or expired key has no next secret. */
export class ApiKeyEndedError extends ProblemError {
  constructor(id: string) {
    super('conflict', { detail: `API key ${id} is revoked or expired; make a new one` });
  }
}

/** 403: a key would give more than its maker has. */
export class ExceedsMakerError extends ProblemError {
  constructor(what: string) {
    super('forbidden', { detail: `A key cannot give more than its maker has: ${what}` });
  }
}
