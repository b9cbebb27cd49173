import type { World } from './world.js';

/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** A stream of server-sent events as it is being read. */
export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  readonly events: ServerEvent[];
  readonly comments: string[];
  /** Resolves when the service has ended the stream, or it was left. */
  readonly ended: Promise<void>;
  /** Hangs up. */
  leave(): void;
}

/** Opens a stream as an EventSource does. */
export async function openStream(
  world: Pick<World, 'url' | 'identity'>,
  path: string,
  owner: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const leaving = new AbortController();
  const identity = await world.identity({ sub: owner, owner, roles: ['curator'] });
  const response = await fetch(`${world.url}${path}`, {
    headers: { ...identity, accept: 'text/event-stream', ...headers },
    signal: leaving.signal,
  });
  const events: ServerEvent[] = [];
  const comments: string[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  };
  const take = (block: string): void => {
    const fields = new Map(
      block.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]),
    );
    const comment = fields.get('');
    if (comment !== undefined) comments.push(comment);
    const data = fields.get('data');
    if (data === undefined) return;
    const json = JSON.parse(data) as ServerEvent['data'];
    events.push({ event: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: json });
  };
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const ended = isStream ? read().catch(() => undefined) : Promise.resolve();
  return {
    status: response.status,
    headers: response.headers,
    events,
    comments,
    ended,
    leave: () => leaving.abort(),
  };
}
