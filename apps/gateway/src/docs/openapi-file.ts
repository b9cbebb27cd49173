import { OpenApiDocument } from './openapi-document.js';

/** The file that the document comes from; read when it is first needed, and once. */
export class OpenApiFile {
  private reading: Promise<OpenApiDocument> | undefined;

  constructor(private readonly path: string) {}

  /** @throws Error naming the file */
  document(): Promise<OpenApiDocument> {
    return (this.reading ??= OpenApiDocument.read(this.path));
  }

  /** The document, or undefined where there is none yet: the tool that makes it looks at the gateway as well. */
  async ifReadable(): Promise<OpenApiDocument | undefined> {
    try {
      return await this.document();
    } catch {
      return undefined;
    }
  }
}
