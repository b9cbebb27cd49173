import { AsyncLocalStorage } from 'node:async_hooks';

/** What ties a piece of work to the flow it belongs to; set per HTTP request and per consumed message. */
export interface FlowContext {
  /** Constant along a whole flow: the first request's id. */
  readonly correlationId: string;
  /** Id of the event whose handler is running; absent when a request is the cause. */
  readonly causationId?: string;
  /** W3C Trace Context, for processes without a registered tracing SDK. */
  readonly traceparent?: string;
}

const flows = new AsyncLocalStorage<FlowContext>();

/** Runs `work` so that `currentFlow()` answers `context` in it and in everything it awaits. */
export function runInFlow<Result>(context: FlowContext, work: () => Result): Result {
  return flows.run(context, work);
}

/** The flow of the running request or message; undefined outside both (scripts, timers). */
export function currentFlow(): FlowContext | undefined {
  return flows.getStore();
}
