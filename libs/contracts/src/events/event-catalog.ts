import { BulkTaskFinished } from './bulk-task-finished.v1.js';
import { CardPublished } from './card-published.v1.js';
import { ContentBatchFailed } from './content-batch-failed.v1.js';
import { ContentBatchImported } from './content-batch-imported.v1.js';
import { DialogueReviewRequested } from './dialogue-review-requested.v1.js';
import { GroundTruthApproved } from './ground-truth-approved.v1.js';
import { GroundTruthDeleted } from './ground-truth-deleted.v1.js';
import { GroundTruthReopened } from './ground-truth-reopened.v1.js';
import { GroundTruthAssigned } from './ground-truth-assigned.v1.js';
import { GroundTruthEdited } from './ground-truth-edited.v1.js';
import { GroundTruthImported } from './ground-truth-imported.v1.js';
import { GroundTruthReleased } from './ground-truth-released.v1.js';
import { GroundTruthSkipped } from './ground-truth-skipped.v1.js';
import { GroundTruthDisputed } from './ground-truth-disputed.v1.js';
import { GroundTruthReviewed } from './ground-truth-reviewed.v1.js';
import { GroundTruthSnapshotCreated } from './ground-truth-snapshot-created.v1.js';

/** Every event of the platform. `docs/events.md` is generated from it. */
export const eventCatalog = [
  ContentBatchImported,
  ContentBatchFailed,
  CardPublished,
  BulkTaskFinished,
  DialogueReviewRequested,
  GroundTruthApproved,
  GroundTruthDeleted,
  GroundTruthReopened,
  GroundTruthAssigned,
  GroundTruthEdited,
  GroundTruthImported,
  GroundTruthReleased,
  GroundTruthSkipped,
  GroundTruthDisputed,
  GroundTruthReviewed,
  GroundTruthSnapshotCreated,
] as const;
