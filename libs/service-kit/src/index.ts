export { createApplication, type Application } from './application.js';
export { bootstrap, type BootstrapOptions, type RunningService } from './bootstrap.js';
export {
  configClass,
  ConfigurationError,
  exampleEnvironment,
  loadConfig,
  type ConfigClass,
  type ConfigValues,
  type EnvFields,
} from './config/config-class.js';
export {
  identityFields,
  messagingFields,
  ServiceConfig,
  serviceFields,
  type AnyServiceConfig,
} from './config/config.js';
export { env, type EnvField } from './config/env-field.js';
export {
  admits,
  Allow,
  attachIdentity,
  Caller,
  Public,
  type Admission,
  type IdentifiedRequest,
} from './identity/allow.js';
export { isNamedBy } from './http/etag.js';
export { IdentitySigner, IdentityVerifier } from './identity/identity-token.js';
export { createReadiness, READINESS, type Readiness, type ReadinessReport } from './operations/readiness.js';
export { Shutdown, shutdownPhases, type ShutdownPhase } from './operations/shutdown.js';
export { faultsOf, fieldPath } from './problems/faults.js';
export {
  NotFoundError,
  ProblemError,
  ValidationError,
  type ProblemDetails,
} from './problems/problem-error.js';
export { asProblem, ProblemFilter, type ErrorMembers } from './problems/problem.filter.js';
export { ValidationPipe } from './problems/validation.pipe.js';
export { defineService, type HttpParts, type ServiceDefinition } from './service-definition.js';
export { createLogger } from './telemetry/logger.js';
export { requestContext, requestId } from './telemetry/request-flow.js';
export { createOpenApiDocument, problemOf } from './openapi/create-document.js';
