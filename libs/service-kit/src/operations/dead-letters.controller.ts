import { pageQueryFields, type Identity } from '@hornbook/contracts';
import {
  DeadLetterNotFoundError,
  DeadLetters,
  type DeadLetter,
  type DeadLetterDetail,
} from '@hornbook/messaging';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow, Caller } from '../identity/allow.js';
import { NotFoundError } from '../problems/problem-error.js';

const listQuery = z.strictObject({
  ...pageQueryFields,
  cursor: z.uuid().optional(),
  consumer: z.string().min(1).max(200).optional(),
});
const redriveBody = z.strictObject({
  consumer: z.string().min(1).max(200),
  limit: z.int().min(1).max(1_000).default(100),
});
const id = z.uuid();

/** A dead letter as this API spells it. */
function toWire(letter: DeadLetter): Record<string, unknown> {
  return {
    id: letter.id,
    consumer: letter.consumer,
    message_id: letter.messageId,
    event: letter.event,
    reason: letter.reason,
    error_class: letter.errorClass,
    error_message: letter.errorMessage,
    fingerprint: letter.fingerprint,
    attempts: letter.attempts,
    status: letter.status,
    times_parked: letter.timesParked,
    parked_at: letter.parkedAt,
  };
}

function bodyOf(detail: DeadLetterDetail): unknown {
  try {
    return JSON.parse(detail.body);
  } catch {
    return detail.body;
  }
}

/** "Unknown" looks the same to callers whatever was wrong with the id. */
async function orNotFound<Result>(letterId: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DeadLetterNotFoundError) throw new NotFoundError(`Dead letter ${letterId}`);
    throw error;
  }
}

/** Parked messages of this service: list, read, send again, drop. Administrators only; the gateway adds the service's name to the path. */
@ApiExcludeController()
@Controller('internal/dead-letters')
@Allow({ roles: ['admin'], scope: 'dead-letters' })
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  @Get()
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<unknown> {
    const page = await this.deadLetters.list({
      limit: query.limit,
      ...(query.consumer === undefined ? {} : { consumer: query.consumer }),
      ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    });
    return { items: page.items.map(toWire), next_cursor: page.nextCursor };
  }

  @Get(':id')
  async read(@Param('id', { schema: id }) letterId: string): Promise<unknown> {
    const detail = await orNotFound(letterId, this.deadLetters.read(letterId));
    return { ...toWire(detail), body: bodyOf(detail), audit: detail.audit };
  }

  @Post(':id/redrive')
  @HttpCode(200)
  async redriveOne(
    @Param('id', { schema: id }) letterId: string,
    @Caller() caller: Identity,
  ): Promise<unknown> {
    return orNotFound(letterId, this.deadLetters.redrive({ id: letterId }, caller.sub));
  }

  /** Sends the oldest `limit` of one consumer again. */
  @Post('redrive')
  @HttpCode(200)
  async redriveMany(
    @Body({ schema: redriveBody }) body: z.output<typeof redriveBody>,
    @Caller() caller: Identity,
  ): Promise<unknown> {
    return this.deadLetters.redrive(body, caller.sub);
  }

  @Delete(':id')
  @HttpCode(204)
  async drop(@Param('id', { schema: id }) letterId: string, @Caller() caller: Identity): Promise<void> {
    await orNotFound(letterId, this.deadLetters.drop(letterId, caller.sub));
  }
}
