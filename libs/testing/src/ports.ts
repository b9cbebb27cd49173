import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below Linux's ephemeral range (32768 and up): a port there could be taken by some outgoing connection between
// our look and the server's start.
const FIRST_PORT = 20_000;
const PORTS_END = 32_000;
const MAX_TRIES = 50;
/** Ports that were handed out: whoever got one may not listen on it yet. */
const handedOut = new Set<number>();

/** Whether nobody listens on this port of the loopback interface. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/**
 * A port of the loopback interface that is free now, another one at each call; random, so that test files at work side by
 * side rarely meet.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(FIRST_PORT, PORTS_END);
    if (handedOut.has(port) || !(await isPortFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`No free port found between ${FIRST_PORT} and ${PORTS_END} in ${MAX_TRIES} tries`);
}
