import { configClass, identityFields, messagingFields, serviceFields } from '@hornbook/service-kit';

/** Configuration of content-import. */
export class ContentImportConfig extends configClass({
  ...serviceFields(8081),
  ...identityFields(),
  ...messagingFields(),
}) {}
