import { LinkSigner } from '@hornbook/file-store';
import { Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';

/** A link that opens a file without other credentials. */
export interface DownloadLink {
  /** Path and query. */
  readonly download_url: string;
  /** RFC 3339. */
  readonly expires_at: string;
}

const subjectOf = (taskId: string): string => `GET /bulk/downloads/${taskId}`;

/** Links to the files of exports: whoever holds one may fetch the file until it expires, and nothing else. */
@Injectable()
export class DownloadLinks {
  constructor(
    private readonly signer: LinkSigner,
    private readonly config: CardBulkConfig,
  ) {}

  /** A link that works from now on for as long as the configuration says. */
  make(taskId: string): DownloadLink {
    const expiresAt = new Date(Date.now() + this.config.linkMinutes * 60_000);
    const token = this.signer.sign(subjectOf(taskId), expiresAt);
    return {
      download_url: `/bulk/downloads/${taskId}?token=${token}`,
      expires_at: expiresAt.toISOString(),
    };
  }

  /** Whether the token was made for the file of this task and has not expired. */
  opens(taskId: string, token: string): boolean {
    return this.signer.verify(subjectOf(taskId), token);
  }
}
