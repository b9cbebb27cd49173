import { ProblemError } from '@hornbook/service-kit';

/** 405 with the methods that the path has. */
export class MethodNotAllowedError extends ProblemError {
  constructor(method: string, allowed: readonly string[]) {
    super('method_not_allowed', {
      detail: `${method} is not possible here; possible are ${allowed.join(', ')}`,
      headers: { allow: allowed.join(', ') },
    });
  }
}
