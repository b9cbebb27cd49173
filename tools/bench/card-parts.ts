import type { Rig } from '../chaos/rig.ts';
import { measureCardDeletes } from './card-deletes.ts';
import { measureCardExports } from './card-exports.ts';
import { measureCardFiles } from './card-files.ts';
import { measureCardJson } from './card-json.ts';
import type { Measurement } from './measure.ts';

/** The parts about card-bulk by name; the one that fills the table most comes last. */
export const cardParts: Readonly<Record<string, (rig: Rig) => Promise<Measurement[]>>> = {
  cards: measureCardJson,
  'card-deletes': measureCardDeletes,
  'card-exports': measureCardExports,
  'card-files': measureCardFiles,
};
