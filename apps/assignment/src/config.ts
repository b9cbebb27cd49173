import { configClass, env, identityFields, messagingFields, serviceFields } from '@hornbook/service-kit';

/** Configuration of assignment. */
export class AssignmentConfig extends configClass({
  ...serviceFields(8083),
  ...identityFields(),
  ...messagingFields(),
  leaseSweepMs: env.integer('LEASE_SWEEP_MS', {
    description: 'Pause between two looks for leases that have run out. Milliseconds.',
    default: '5000',
    min: 50,
    max: 3_600_000,
  }),
  userOpenLimit: env.integer('USER_OPEN_LIMIT', {
    description: 'Most items one user may hold over all datasets; 0 sets no limit.',
    default: '0',
    min: 0,
    max: 1_000_000,
  }),
}) {}
