import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { InvalidScheduleError, TaskError, TooManyTasksError } from '@hornbook/tasks';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, throwError, type Observable } from 'rxjs';

/** Seconds after which a refused owner may have room for one more task. */
const RETRY_AFTER_SECONDS = '10';

/** An error of the task library as the platform shows it; anything else unchanged. */
export function asShown(error: unknown): unknown {
  if (!(error instanceof TaskError)) return error;
  if (error instanceof InvalidScheduleError)
    return new ValidationError([{ field: error.field, error: error.message, code: 'invalid_schedule' }]);
  const headers =
    error instanceof TooManyTasksError ? { headers: { 'retry-after': RETRY_AFTER_SECONDS } } : {};
  return new ProblemError(error.code, { detail: error.message, cause: error, ...headers });
}

/** Shows the errors of the task library, which knows nothing of HTTP, with their codes. */
@Injectable()
export class TaskErrors implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => throwError(() => asShown(error))));
  }
}
