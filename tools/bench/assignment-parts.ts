import type { Rig } from '../chaos/rig.ts';
import { measureAssignmentChurn } from './assignment-churn.ts';
import { measureAssignmentDrain } from './assignment-drain.ts';
import { measureAssignmentImport } from './assignment-import.ts';
import { measureMyAssignments } from './assignment-my.ts';
import { measureAssignmentScale } from './assignment-scale.ts';
import type { Measurement } from './measure.ts';

/** The parts about assignment by name; the one that begins with an empty table comes first. */
export const assignmentParts: Readonly<Record<string, (rig: Rig) => Promise<Measurement[]>>> = {
  'assignment-scale': measureAssignmentScale,
  'assignment-import': measureAssignmentImport,
  'assignment-drain': measureAssignmentDrain,
  'assignment-my': measureMyAssignments,
  'assignment-churn': measureAssignmentChurn,
};
