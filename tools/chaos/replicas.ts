import { readFile } from 'node:fs/promises';
import { freePort } from '@hornbook/testing';
import { startService, untilReady, type ServiceProcess } from '../start/service-process.ts';
import type { Rig } from './rig.ts';

/** A second process of every service on the same schemas and queues. */
export interface Replicas {
  /** The second gateway. */
  readonly gateway: string;
  readonly services: readonly ServiceProcess[];
  stop(): Promise<void>;
}

/** Starts a second gateway, content-import and exporter beside the first ones; each gateway leads to its own two. */
export async function startReplicas({ platform }: Rig): Promise<Replicas> {
  const ports = { gateway: await freePort(), 'content-import': await freePort(), exporter: await freePort() };
  const url = (port: number): string => `http://127.0.0.1:${String(port)}`;
  const own: Record<string, Record<string, string>> = {
    gateway: { CONTENT_IMPORT_URL: url(ports['content-import']), EXPORTER_URL: url(ports.exporter) },
    'content-import': {},
    exporter: { PRONIELTS_API_URL: url(ports.gateway) },
  };
  const services = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => {
      const first = platform.services.find((service) => service.name === name);
      if (!first) throw new Error(`no service ${name}`);
      return startService({
        ...first.plan,
        port,
        label: `${name}-2`,
        env: { ...first.plan.env, ...own[name] },
      });
    }),
  );
  await Promise.all(services.map(untilReady));
  return {
    gateway: url(ports.gateway),
    services,
    async stop() {
      await Promise.all(services.map(({ process }) => process.end('SIGTERM')));
    },
  };
}

/** Answers of 500 in the logs of these services. */
export async function internalErrors(services: readonly ServiceProcess[]): Promise<number> {
  const logs = await Promise.all(services.map(({ logFile }) => readFile(logFile, 'utf8')));
  return logs.reduce((count, log) => count + (log.match(/"status":500/g)?.length ?? 0), 0);
}
