import type { EventDefinition } from '@hornbook/contracts';
import { applyDecorators, Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';

/** What `@Consumes` adds to a handler, as Nest hands it to the transport strategy. */
export interface ConsumerExtras {
  readonly event: EventDefinition;
  readonly consumer: string;
  readonly prefetch: number;
}

/** Settings of one consumer. */
export interface ConsumesOptions {
  /**
   * The policy it carries out: `confirm-export-when-batch-is-imported`. Part of the queue's name and the inbox's
   * key, so a renamed consumer is a new one that starts with an empty queue.
   */
  readonly consumer: string;
  /** Most messages in hand at once. Default 20; 1 keeps the order of the queue. */
  readonly prefetch?: number;
}

/**
 * Nest's default handler turns every error into "Internal server error" before the transport sees it, which would
 * make permanent and passing failures look alike. This one hands on the original.
 */
@Catch()
export class HandOnErrors implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Makes a controller method the consumer of an event: a Nest `@EventPattern` whose effect happens once per message.
 * The method takes `@Payload() data: EventData<typeof Event>` and `@Ctx() message: MessageContext`, and writes
 * through `message.tx` only.
 */
export function Consumes(
  event: EventDefinition,
  { consumer, prefetch = 20 }: ConsumesOptions,
): MethodDecorator {
  const extras: ConsumerExtras = { event, consumer, prefetch };
  // Nest's type wants to infer the handler's parameters from the pattern; ours come from the event.
  const eventPattern = EventPattern(event.name, { ...extras }) as MethodDecorator;
  return applyDecorators(eventPattern, UseFilters(HandOnErrors));
}
