/** Thrown by a handler to say that no retry can help: the message is parked at once. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}

/** The body is not a CloudEvent of this kind, or its `data` breaks the event's schema. Parked at once. */
export class InvalidMessageError extends PermanentError {
  override readonly name = 'InvalidMessageError';
}

/** `Outbox.publish` refused the data: it breaks the event's own schema, or the envelope is too large. */
export class UnpublishableEventError extends Error {
  override readonly name = 'UnpublishableEventError';
}

/** The broker cannot be reached or did not answer in time; whether it has the message is unknown. */
export class BrokerUnavailableError extends Error {
  override readonly name = 'BrokerUnavailableError';
}

/** No row of that id in `dead_letters`, or it was already dropped. */
export class DeadLetterNotFoundError extends Error {
  override readonly name = 'DeadLetterNotFoundError';
}
