import { Database } from '@hornbook/database';
import type { FileStore } from '@hornbook/file-store';
import { Tasks } from '@hornbook/tasks';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DownloadLinks } from '../files/download-links.js';
import { FILE_STORE } from '../files/file-store.provider.js';
import { deleteKind, restoreKind } from './delete/cards-by-id.kinds.js';
import { exportKind } from './export/export.kind.js';
import { FinishTask } from './finish-task.js';
import { ImportChunk } from './import/import-chunk.js';
import { importKind } from './import/import.kind.js';

/** Makes the kinds of this service known, before any worker starts. */
@Injectable()
export class BulkKinds implements OnModuleInit {
  constructor(
    private readonly tasks: Tasks,
    private readonly finish: FinishTask,
    private readonly chunk: ImportChunk,
    private readonly database: Database,
    private readonly links: DownloadLinks,
    @Inject(FILE_STORE) private readonly files: FileStore,
  ) {}

  onModuleInit(): void {
    const { tasks, finish, chunk, database, links, files } = this;
    tasks.register(importKind({ chunk, files, finish }));
    tasks.register(exportKind({ database, files, finish, links }));
    tasks.register(deleteKind(finish));
    tasks.register(restoreKind(finish));
  }
}
