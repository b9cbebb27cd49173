/** What the gateway calls itself. */
export const about = {
  name: 'gateway',
  version: '0.1.0',
  description:
    'The only door: authentication, rate limits, routing, API keys, the health and the documentation of the whole.',
} as const;
