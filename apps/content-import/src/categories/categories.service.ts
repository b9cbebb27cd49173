import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { idPage, readIdCursor } from '../paging/id-page.js';
import type { CategoryListQuery, CategoryPage } from './categories.schemas.js';
import { Category } from './category.entity.js';

/** Reads categories. */
@Injectable()
export class CategoriesService {
  constructor(private readonly database: Database) {}

  /** One page, in the order in which they came into use. */
  async list({ limit, cursor }: CategoryListQuery): Promise<CategoryPage> {
    const found = await this.database.dataSource.manager.find(Category, {
      where: { id: MoreThan(readIdCursor(cursor) ?? 0) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    const { rows, next_cursor } = idPage(found, limit);
    const items = rows.map(({ id, name, description, createdAt }) => ({
      id,
      name,
      description,
      created_at: createdAt.toISOString(),
    }));
    return { items, next_cursor };
  }
}
