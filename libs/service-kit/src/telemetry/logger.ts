import type { LoggerService } from '@nestjs/common';
import { currentFlow } from '@hornbook/messaging';
import { trace } from '@opentelemetry/api';
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import { traceIdIn } from './request-flow.js';

/** Members that never reach a log, wherever they stand. */
const secretMembers = [
  'authorization',
  'password',
  'secret',
  'token',
  'apiKey',
  'api_key',
  'x-api-key',
  'cookie',
  'set-cookie',
  'x-hornbook-identity',
  'databaseUrl',
  'messagingDatabaseUrl',
  'rabbitmqUrl',
  'DATABASE_URL',
  'MESSAGING_DATABASE_URL',
  'RABBITMQ_URL',
];
const redactedPaths = secretMembers.flatMap((name) => {
  const member = /^[A-Za-z_]\w*$/.test(name) ? name : `["${name}"]`;
  const dotted = member.startsWith('[') ? member : `.${member}`;
  return [member, `*${dotted}`, `*.*${dotted}`];
});

/** What a log line says of an error: its kind, text and stack, but not the query parameters a database error carries. */
function errorForLog(error: unknown): unknown {
  // Anything can be thrown.
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { type, message, stack, code } = stdSerializers.err(error) as {
    type: string;
    message: string;
    stack: string;
    code?: unknown;
  };
  return { type, message, stack, ...(code === undefined ? {} : { code }) };
}

/** JSON lines on standard output: service, request, correlation and trace ids with every line, secrets redacted. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service },
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
      serializers: { err: errorForLog },
      mixin: () => {
        const flow = currentFlow();
        const span = trace.getActiveSpan()?.spanContext();
        const traceId = span?.traceId ?? traceIdIn(flow);
        return {
          // Without a message as its cause the flow began with a request, whose id is the flow's.
          ...(flow && flow.causationId === undefined ? { request_id: flow.correlationId } : {}),
          ...(flow ? { correlation_id: flow.correlationId } : {}),
          ...(traceId === undefined ? {} : { trace_id: traceId }),
          ...(span ? { span_id: span.spanId } : {}),
        };
      },
    },
    // Written at once: the last lines before a crash are the ones that count, and the end of a process mixes up the
    // order of lines that are still on their way.
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

type Severity = 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal';

/** Lets Nest's `Logger` write through pino: `logger.log({ msg, batch_id })` or `logger.log('text')`. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(severity: Severity, message: unknown, rest: unknown[]): void {
    // Nest passes the context (a class name) last; start-up chatter of the framework is of no use to operators.
    const context = rest.at(-1);
    const frameworkTalk =
      severity === 'info' &&
      [
        'NestFactory',
        'InstanceLoader',
        'RoutesResolver',
        'RouterExplorer',
        'NestMicroservice',
        'NestApplication',
      ].includes(String(context));
    const members = {
      ...(typeof context === 'string' ? { context } : {}),
      ...(message instanceof Error
        ? { err: message }
        : typeof message === 'object' && message !== null
          ? message
          : { msg: String(message) }),
    };
    this.pino[frameworkTalk ? 'debug' : severity](members);
  }
}
