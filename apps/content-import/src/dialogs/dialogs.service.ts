import { NotFoundError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { idPage, readIdCursor } from '../paging/id-page.js';
import { DialogsRepository, type DialogRow } from './dialogs.repository.js';
import type { DialogDetail, DialogListQuery, DialogPage, DialogView } from './dialogs.schemas.js';

/** Reads what was imported. */
@Injectable()
export class DialogsService {
  constructor(private readonly dialogs: DialogsRepository) {}

  /** One page, newest first. */
  async list({ limit, cursor, category, ...filter }: DialogListQuery): Promise<DialogPage> {
    const before = readIdCursor(cursor);
    const categoryId = category === undefined ? undefined : await this.dialogs.categoryId(category);
    // A category that no import has named yet.
    if (category !== undefined && categoryId === undefined) return { items: [], next_cursor: null };
    const found = await this.dialogs.list({ ...filter, categoryId, before }, limit + 1);
    const { rows, next_cursor } = idPage(found, limit);
    return { items: rows.map(view), next_cursor };
  }

  /** @throws NotFoundError */
  async get(id: number): Promise<DialogDetail> {
    const [row, phrases] = await Promise.all([this.dialogs.find(id), this.dialogs.phrases(id)]);
    if (!row) throw new NotFoundError(`Dialog ${String(id)}`);
    return { ...view(row), phrases };
  }
}

function view(row: DialogRow): DialogView {
  return { ...row, created_at: row.created_at.toISOString() };
}
