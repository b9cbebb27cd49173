import { createServer } from 'node:net';

/**
 * Sees whether a server could listen there, by being one for a moment.
 * @throws the system's error, `EADDRINUSE` for a port that is taken
 */
export function probePort(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
