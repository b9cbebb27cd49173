import type { PrivacyLevel } from './card.schema.js';

/** Which kinds of card the request publishes; both unless it says otherwise (seed 002, bulk import). */
export interface PublishFlags {
  readonly publish_business: boolean;
  readonly publish_ideas: boolean;
}

/** Whether a card of this privacy level is published: only BUSINESS and IDEAS ever are, each by its own flag. */
export function isToBePublished(privacy: PrivacyLevel, flags: PublishFlags): boolean {
  if (privacy === 'BUSINESS') return flags.publish_business;
  if (privacy === 'IDEAS') return flags.publish_ideas;
  return false;
}
