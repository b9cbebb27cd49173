import { ProblemError } from '@hornbook/service-kit';

/** What makes a whole file unreadable, or unreadable from a place on. */
export type FileFaultCode =
  | 'empty_file'
  | 'wrong_format'
  | 'wrong_packing'
  | 'corrupt_packing'
  | 'truncated_packing'
  | 'unpacks_too_far'
  | 'too_large'
  | 'too_many_rows'
  | 'wrong_delimiter'
  | 'wrong_line_ends'
  | 'broken_header'
  | 'duplicate_column'
  | 'unknown_column'
  | 'missing_column'
  | 'position_missing';

/**
 * A file cannot be read further. Rows before the place were handed on already; the file as it stands will fail again
 * at the same place, so nothing retries it.
 */
export class UnreadableFileError extends ProblemError {
  /**
   * @param fileFault what it is, for programs
   * @param detail the place, what stands there, what is allowed
   * @param field `file`, or the name of a column
   */
  constructor(
    readonly fileFault: FileFaultCode,
    detail: string,
    field = 'file',
  ) {
    super('validation_error', { detail, faults: [{ field, error: detail, code: fileFault }] });
  }
}
