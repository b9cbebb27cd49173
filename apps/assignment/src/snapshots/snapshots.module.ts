import { Module } from '@nestjs/common';
import { SnapshotBuilder } from './snapshot-builder.js';
import { SnapshotBuilding } from './snapshot-building.js';
import { SnapshotsController } from './snapshots.controller.js';
import { SnapshotsRepository } from './snapshots.repository.js';
import { SnapshotsService } from './snapshots.service.js';

/** Immutable copies of approved items. */
@Module({
  controllers: [SnapshotsController],
  providers: [SnapshotBuilder, SnapshotBuilding, SnapshotsRepository, SnapshotsService],
})
export class SnapshotsModule {}
