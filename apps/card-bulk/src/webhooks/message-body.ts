/** The bytes of a message (Standard Webhooks 1.0, "Payload structure"): what happened, when, and what is known of it. */
export function messageBody(
  type: string,
  timestamp: string,
  data: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({ type, timestamp, data });
}
