import { ProblemError } from '@hornbook/service-kit';

/** 409: as many webhooks as an owner may have. */
export class TooManyWebhooksError extends ProblemError {
  constructor(limit: number) {
    super('conflict', { detail: `At most ${limit} webhooks are allowed (max_webhooks); delete one first` });
  }
}
