import { Outbox } from '@hornbook/messaging';
import { Body, Controller, HttpCode, Logger, Post } from '@nestjs/common';
import type { Identity } from '@hornbook/contracts';
import { ApiExcludeController } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow, Caller } from '../identity/allow.js';

const resendBody = z.strictObject({
  /** RFC 3339; everything confirmed since then is sent again. */
  since: z.iso.datetime({ offset: true }),
});

/** After a broker lost its data: sends this service's events again. Consumers recognise what they already had. */
@ApiExcludeController()
@Controller('internal/outbox')
@Allow({ roles: ['admin'], scope: 'outbox' })
export class OutboxController {
  private readonly logger = new Logger('outbox');

  constructor(private readonly outbox: Outbox) {}

  @Post('resend')
  @HttpCode(200)
  async resend(
    @Body({ schema: resendBody }) { since }: z.output<typeof resendBody>,
    @Caller() { sub }: Identity,
  ): Promise<{ events: number }> {
    const events = await this.outbox.resend(new Date(since));
    this.logger.warn({ msg: 'events sent again', since, events, by: sub });
    return { events };
  }
}
