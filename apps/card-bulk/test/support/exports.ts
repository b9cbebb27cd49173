import type { Answer, Call, World } from './world.js';

/** Cards as an export of JSON or NDJSON holds them. */
export type ExportedCards = Record<string, unknown>[];

/** A finished export. */
export interface Export {
  readonly taskId: string;
  readonly status: Answer['body'];
  readonly file: Answer;
}

/** Exports, waits for the end and fetches the file. */
export async function exportCards(
  world: World,
  request: Record<string, unknown>,
  call: Call = {},
): Promise<Export> {
  const accepted = await world.post('/bulk/export', request, call);
  if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text}`);
  const taskId = String(accepted.body['task_id']);
  const { body: status } = await world.finished(taskId, call);
  const file = await world.call(`/bulk/tasks/${taskId}/file`, call);
  return { taskId, status, file };
}

/** Cards of an NDJSON file. */
export function linesOf({ text }: Pick<Answer, 'text'>): ExportedCards {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
