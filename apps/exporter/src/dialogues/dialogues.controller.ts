import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { readers, writers } from '../visibility.js';
import {
  dialogueDetailSchema,
  dialoguePageSchema,
  dialogueQuerySchema,
  type DialogueDetail,
  type DialoguePage,
  type DialogueQuery,
} from './dialogues.schemas.js';
import { DialoguesService } from './dialogues.service.js';
import {
  submissionAnswerSchema,
  submissionSchema,
  type Submission,
  type SubmissionAnswer,
} from './submission.schemas.js';

/** Generated dialogues on their way to the platform. */
@ApiTags('exports')
@Controller('api/v1/exports/dialogues')
export class DialoguesController {
  constructor(private readonly service: DialoguesService) {}

  @Post()
  @HttpCode(200)
  @Allow(writers)
  @ApiOperation({
    operationId: 'submitDialogues',
    summary: 'Submit generated dialogues for export',
    description:
      'Each of 1–500 dialogues is judged by itself and answered in input order. Safe to repeat for dialogues with an external_id.',
  })
  @ApiOkResponse({ description: 'What became of each dialogue', standardSchema: submissionAnswerSchema })
  submit(
    @Body({ schema: submissionSchema }) submission: Submission,
    @Caller() caller: Identity,
  ): Promise<SubmissionAnswer> {
    return this.service.submit(submission, caller);
  }

  @Get()
  @Allow(readers)
  @ApiOperation({ operationId: 'listDialogues', summary: 'List generated dialogues, newest first' })
  @ApiOkResponse({ description: 'One page', standardSchema: dialoguePageSchema })
  list(
    @Query({ schema: dialogueQuerySchema }) query: DialogueQuery,
    @Caller() caller: Identity,
  ): Promise<DialoguePage> {
    return this.service.list(query, caller);
  }

  @Get(':id')
  @Allow(readers)
  @ApiOperation({ operationId: 'getDialogue', summary: 'Show a generated dialogue with its whole history' })
  @ApiOkResponse({ description: 'The dialogue', standardSchema: dialogueDetailSchema })
  @ApiResponse(problemOf('not_found'))
  find(@Param('id', { schema: z.uuid() }) id: string, @Caller() caller: Identity): Promise<DialogueDetail> {
    return this.service.find(id, caller);
  }
}
