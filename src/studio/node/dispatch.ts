import type { z } from 'zod';
import type { ChannelHandlers } from '../../channel/common/channel';
import { DescentError } from '../../contract/errors';
import { type StudioCalls, type StudioStreams, studioCalls, studioStreams } from '../../contract/studio';

type CallName = keyof typeof studioCalls;
type StreamName = keyof typeof studioStreams;

/** One function a call; `params` are what the schema made of what was sent (defaults filled in). */
export type CallHandlers = {
  [Name in CallName]: (
    params: z.output<(typeof studioCalls)[Name]['params']>,
    signal: AbortSignal,
  ) => Promise<StudioCalls[Name]['result']>;
};

/** One function a stream; its signal is aborted when the asker leaves. */
export type StreamHandlers = {
  [Name in StreamName]: (
    params: z.output<(typeof studioStreams)[Name]['params']>,
    signal: AbortSignal,
  ) => AsyncIterable<StudioStreams[Name]['event']>;
};

/**
 * The studio's side of a channel. Names that the contract does not have, and parameters that do not fit its schema, are
 * refused (DescentError `wrong-use`) before a handler sees them.
 */
export function dispatch(calls: CallHandlers, streams: StreamHandlers): ChannelHandlers {
  return {
    async call(name, params, signal) {
      if (!isNameIn(studioCalls, name)) throw unknownName(name);
      const parsed = parse(name, studioCalls[name].params, params);
      const handler = calls[name] as (params: unknown, signal: AbortSignal) => Promise<unknown>;
      return handler(parsed, signal);
    },
    async *listen(name, params, signal) {
      if (!isNameIn(studioStreams, name)) throw unknownName(name);
      const parsed = parse(name, studioStreams[name].params, params);
      const handler = streams[name] as (params: unknown, signal: AbortSignal) => AsyncIterable<unknown>;
      yield* handler(parsed, signal);
    },
  };
}

function isNameIn<Table extends object>(table: Table, name: string): name is keyof Table & string {
  return Object.hasOwn(table, name);
}

function unknownName(name: string): DescentError {
  return new DescentError('wrong-use', `The studio knows nothing named "${name}".`, {
    remedy: 'Page and studio are of different versions; restart Descent.',
    subject: name,
  });
}

function parse(name: string, schema: z.ZodType, params: unknown): unknown {
  const result = schema.safeParse(params ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.join('.') ?? '';
  throw new DescentError(
    'wrong-use',
    `"${name}" was asked with a wrong value${place === '' ? '' : ` for ${place}`}: ${issue?.message ?? 'unknown'}.`,
    { subject: place === '' ? name : place },
  );
}
