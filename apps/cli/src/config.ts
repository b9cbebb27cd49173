import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the platform is and as whom to speak to it. */
export interface Connection {
  readonly gateway: string;
  /** An API key or a JWT. */
  readonly token: string;
}

/** No connection could be found; the message says how to give one. */
export class NoConnectionError extends Error {}

/**
 * `HORNBOOK_URL` and `HORNBOOK_TOKEN`, or the platform that `npm start` runs in this folder (`.hornbook/run.json`, or
 * `run.json` in the folder that `HORNBOOK_STATE` names).
 * @throws NoConnectionError
 */
export function findConnection(): Connection {
  const { HORNBOOK_URL: gateway, HORNBOOK_TOKEN: token } = process.env;
  if (gateway && token) return { gateway: gateway.replace(/\/$/, ''), token };
  try {
    const file = join(process.env['HORNBOOK_STATE'] ?? '.hornbook', 'run.json');
    const run = JSON.parse(readFileSync(file, 'utf8')) as { gateway: string; apiKey: string };
    return { gateway: run.gateway, token: run.apiKey };
  } catch {
    throw new NoConnectionError(
      'No platform found: run npm start in this folder, or set HORNBOOK_URL and HORNBOOK_TOKEN',
    );
  }
}
