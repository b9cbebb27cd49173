import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, Headers, Param, Put, Query } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { curatorReaders, managers } from '../assignments/caller.js';
import {
  tagGroupPathSchema,
  tagGroupPutSchema,
  tagGroupSchema,
  tagListSchema,
  tagQuerySchema,
  type TagGroup,
  type TagGroupPut,
} from './tags.schemas.js';
import { TagsService } from './tags.service.js';

/** Tags of ground truths: `group:value`. */
@ApiTags('Tags')
@Controller('v1/ground-truths')
export class TagsController {
  constructor(private readonly tags: TagsService) {}

  @Get('tags')
  @Allow(curatorReaders)
  @ApiOperation({
    operationId: 'listTags',
    summary: 'Tag groups with their tags, and how many items have them',
  })
  @ApiResponse({ status: 200, description: 'All groups', standardSchema: tagListSchema })
  @ApiResponse(problemOf('not_found'))
  list(
    @Query({ schema: tagQuerySchema }) { dataset }: { dataset?: string | undefined },
  ): Promise<{ items: TagGroup[] }> {
    return this.tags.list(dataset);
  }

  @Put('tag-groups/:name')
  @Allow(managers)
  @ApiOperation({
    operationId: 'putTagGroup',
    summary: 'Makes or changes a tag group; its list of tags is replaced',
  })
  @ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'Needed for one that exists',
    schema: { type: 'string' },
  })
  @ApiResponse({ status: 200, description: 'The group', standardSchema: tagGroupSchema })
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  put(
    @Param({ schema: tagGroupPathSchema }) { name }: { name: string },
    @Body({ schema: tagGroupPutSchema }) request: TagGroupPut,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: Identity,
  ): Promise<TagGroup> {
    return this.tags.put(name, request, ifMatch, caller);
  }
}
