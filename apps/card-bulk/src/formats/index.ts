export {
  bytesOf,
  createCardWriter,
  exportFormats,
  writeBatches,
  type BatchWriter,
  type CardWriter,
  type CellSources,
  type ExportedCard,
  type ExportFormat,
  type WriteOptions,
} from './card-writer.js';
export { delimiters, type Delimiter } from './csv-header.js';
export { faultReport, type ReportedRow, type ReportFormat } from './fault-report.js';
export { defaultReadLimits, MAX_LINE_BYTES, type ReadLimits } from './read-limits.js';
export {
  importFormats,
  readRows,
  type ImportFormat,
  type ReadCheckpoint,
  type ReadOptions,
  type RowBatch,
} from './read-rows.js';
export { isUnreadable, MAX_EXCERPT, type ReadableRow, type ReadRow, type UnreadableRow } from './row.js';
export type { Packing } from './unpack.js';
export { UnreadableFileError, type FileFaultCode } from './unreadable-file.error.js';
