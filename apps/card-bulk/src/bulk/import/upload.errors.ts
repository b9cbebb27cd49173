import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { uploadEncodings, uploadTypes } from './import-stream.schemas.js';

// What is left of an upload that is refused is not worth reading.
const headers = { connection: 'close' };

/** 413: the upload is larger than it may be. */
export class UploadTooLargeError extends ProblemError {
  constructor(limit: number) {
    super('payload_too_large', {
      detail: `The file is larger than ${limit} bytes, the most allowed (MAX_UPLOAD_BYTES)`,
      members: { limit_bytes: limit },
      headers,
    });
  }
}

/** 400: the connection ended before the file did. Its sender rarely hears of it. */
export class UploadCutError extends ProblemError {
  constructor(cause: unknown) {
    super('validation_error', {
      detail: 'The upload was cut before its end; nothing was imported',
      cause,
      headers,
    });
  }
}

/** 415: a media type that is no file of cards. */
export class UploadTypeError extends ProblemError {
  constructor() {
    super('unsupported_media_type', {
      detail: `Send the file with Content-Type ${[...uploadTypes.keys()].join(', ')}`,
      headers,
    });
  }
}

/** 415: packed in a way that nobody here unpacks. */
export class UploadEncodingError extends ProblemError {
  constructor(given: string) {
    const allowed = [...uploadEncodings.keys()].filter((name) => name !== '');
    super('unsupported_media_type', {
      detail: `Content-Encoding ${given.slice(0, 100)} is not read; allowed: ${allowed.join(', ')}`,
      headers,
    });
  }
}

/** 400: neither query nor media type says what the file is. */
export class FormatMissingError extends ValidationError {
  constructor() {
    super([
      {
        field: 'format',
        error: 'Say what the file is: ?format=ndjson or ?format=csv, or a Content-Type of one',
        code: 'required',
      },
    ]);
  }
}
