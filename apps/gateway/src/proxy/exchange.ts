import type { ServerResponse } from 'node:http';
import type { ProblemError } from '@hornbook/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import { answerProblem } from '../door/problem-reply.js';
import { headersForCaller, headerText } from './headers.js';
import { PayloadTooLargeError, problemOfFailure, UploadStalledError } from './proxy.errors.js';
import type { ProxyRoute } from './routes.js';
import { BodyTooLargeError, CallerLeftError, dropRest, Upload } from './upload.js';
import type { Failure, Upstream } from './upstream.js';

/** Methods that may be repeated although the first try may have arrived. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

type Controller = Dispatcher.DispatchController;

/** What a raw header list is in the parser we use. */
type RawHeaders = readonly (Buffer | string)[];

/** Code of an error of the network or of the client. */
function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function silence(exchange: Exchange): void {
  exchange.onSilence();
}

function flush(exchange: Exchange): void {
  exchange.flush();
}

/** Largest first part that waits, for the rest of its tick, whether it is the whole body. */
const HELD_BYTES = 16_384;

/**
 * One request passed to a service and its answer passed back, part by part: whoever is slow slows the other side down,
 * whoever leaves ends both. It has one timer, which every sign of life puts back.
 * Exactly one of these ends it: the answer's end, a failure, the time-out, the caller leaving.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly response: ServerResponse;
  private readonly timer: NodeJS.Timeout;
  private readonly upload: Upload | undefined;
  private controller: Controller | undefined;
  private started = false;
  private retried = false;
  private answering = false;
  private bodyBegun = false;
  private held: Buffer | undefined;
  private waitsForDrain = false;
  private over = false;

  /** @param upstream a place is reserved there already; the exchange gives it back */
  constructor(
    private readonly upstream: Upstream,
    private readonly route: ProxyRoute,
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly options: Dispatcher.DispatchOptions,
    hasBody: boolean,
  ) {
    this.response = reply.raw;
    this.timer = setTimeout(silence, route.timeoutMs, this);
    this.upload = hasBody ? new Upload(request.raw, route.bodyLimit, () => this.timer.refresh()) : undefined;
    if (this.upload) options.body = this.upload;
  }

  /** Sends the request. */
  start(): void {
    // While it was let in, the caller may have left: then there is no "close" to wait for any more.
    if (this.response.destroyed) {
      this.finish();
      return;
    }
    this.response.on('close', this.onCallerLeft);
    this.upstream.dispatch(this.options, this);
  }

  onRequestStart(controller: Controller): void {
    this.started = true;
    this.controller = controller;
    // It waited for a connection, and in the meantime the caller left or the time was up.
    if (this.over) controller.abort(new CallerLeftError());
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, message?: string): void {
    // 1xx answers are about this connection only.
    if (this.over || status < 200) return;
    this.answering = true;
    this.timer.refresh();
    this.reply.hijack();
    const headers = headersForCaller((controller.rawHeaders ?? []) as RawHeaders, this.reply.getHeaders());
    this.response.writeHead(status, message ?? '', headers);
    // A small body usually comes together with its head, and then both leave in one write. What has not come by the
    // end of this tick is not waited for.
    process.nextTick(flush, this);
  }

  onResponseData(controller: Controller, part: Buffer): void {
    if (this.over) return;
    if (!this.bodyBegun && part.length <= HELD_BYTES) {
      this.bodyBegun = true;
      this.held = part;
      return;
    }
    this.bodyBegun = true;
    this.timer.refresh();
    this.writeHeld();
    if (this.response.write(part)) return;
    controller.pause();
    if (!this.waitsForDrain) {
      this.waitsForDrain = true;
      this.response.on('drain', this.onDrain);
    }
  }

  onResponseEnd(controller: Controller): void {
    if (this.over) return;
    const trailers = (controller.rawTrailers ?? []) as RawHeaders;
    if (trailers.length > 0) this.addTrailers(trailers);
    this.finish();
    // As a string it is joined with the head; as bytes it would be a write of its own, a quarter of all the work.
    if (this.held) this.response.end(this.held.toString('latin1'), 'latin1');
    else this.response.end();
    this.endUpload();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.over) return;
    if (error instanceof CallerLeftError) {
      this.finish();
      this.response.destroy();
      return;
    }
    if (error instanceof BodyTooLargeError) {
      this.answer(new PayloadTooLargeError(this.route.bodyLimit));
      return;
    }
    if (this.mayRepeat(error)) {
      this.retried = true;
      this.upstream.dispatch(this.options, this);
      return;
    }
    this.fail(this.started ? 'broken' : 'unreachable', codeOf(error));
  }

  /** The time is up: nothing moved for as long as the route allows. */
  onSilence(): void {
    if (this.over) return;
    const stalledByCaller = this.answering
      ? this.response.writableNeedDrain
      : (this.upload?.starved ?? false);
    if (stalledByCaller) {
      if (this.answering) this.response.destroy();
      else this.answer(new UploadStalledError(this.route.timeoutMs));
    } else this.fail('timeout');
    this.controller?.abort(new CallerLeftError());
  }

  /** Sends the head and what there is of the body. */
  flush(): void {
    if (this.over) return;
    if (this.bodyBegun) this.writeHeld();
    else this.response.flushHeaders();
  }

  private writeHeld(): void {
    if (!this.held) return;
    this.response.write(this.held);
    this.held = undefined;
  }

  /**
   * A request of which nothing was sent may be sent again, whatever it is; one that may have arrived only when its
   * method is safe. Once: a second failure is the service's state, not a connection's.
   */
  private mayRepeat(error: Error): boolean {
    if (this.retried || this.answering || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT') return false;
    if (!this.started) return !this.upload?.destroyed;
    return safeMethods.has(this.options.method) && !this.upload;
  }

  private fail(failure: Failure, code?: string): void {
    this.upstream.failed(failure, code);
    this.answer(problemOfFailure(failure, this.upstream.name, this.route.timeoutMs));
  }

  /** Answers with a problem; an answer that is half out can only be cut, so that nobody takes it for whole. */
  private answer(problem: ProblemError): void {
    this.finish();
    if (this.answering) {
      this.response.destroy();
      return;
    }
    answerProblem(this.request, this.reply, problem, this.route.errorMembers);
    this.endUpload();
  }

  /** An answer that comes before the whole body did leaves a rest that nobody wants. */
  private endUpload(): void {
    if (!this.upload) return;
    this.upload.destroy();
    dropRest(this.request.raw);
  }

  private addTrailers(raw: RawHeaders): void {
    const trailers: [string, string][] = [];
    for (let index = 0; index < raw.length; index += 2) {
      trailers.push([headerText(raw[index] ?? ''), headerText(raw[index + 1] ?? '')]);
    }
    this.response.addTrailers(trailers);
  }

  private readonly onDrain = (): void => {
    this.timer.refresh();
    this.controller?.resume();
  };

  private readonly onCallerLeft = (): void => {
    if (this.over) return;
    this.finish();
    this.upload?.destroy();
    this.controller?.abort(new CallerLeftError());
  };

  private finish(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.response.off('close', this.onCallerLeft);
    this.upstream.release();
  }
}
