import { Allow } from '@hornbook/service-kit';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  categoryListQuerySchema,
  categoryPageSchema,
  type CategoryListQuery,
  type CategoryPage,
} from './categories.schemas.js';
import { CategoriesService } from './categories.service.js';

/** What dialogues are filed under. */
@ApiTags('Categories')
@Controller('api/v1/categories')
@Allow({ roles: ['admin', 'curator', 'reviewer', 'service'], scope: 'content:read' })
export class CategoriesController {
  constructor(private readonly categories: CategoriesService) {}

  @Get()
  @ApiOperation({
    operationId: 'listCategories',
    summary: 'Categories, in the order in which they came into use',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: categoryPageSchema })
  list(@Query({ schema: categoryListQuerySchema }) query: CategoryListQuery): Promise<CategoryPage> {
    return this.categories.list(query);
  }
}
