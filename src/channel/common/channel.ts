import { DescentError, type ErrorMessage, toErrorMessage } from '../../contract/errors';
import { decodeMessage, encodeMessage } from './codec';
import type { Transport } from './transport';

export type CallMap = Record<string, { params: unknown; result: unknown }>;
export type StreamMap = Record<string, { params: unknown; event: unknown }>;

export interface CallOptions {
  signal?: AbortSignal;
}

/** The asking side: `call` for one answer, `listen` for many. Both can be cancelled by a signal. */
export interface ChannelClient<Calls extends CallMap, Streams extends StreamMap> {
  call<Name extends keyof Calls & string>(
    name: Name,
    params: Calls[Name]['params'],
    options?: CallOptions,
  ): Promise<Calls[Name]['result']>;
  /** Events until the stream ends; leaving the loop (break, return) cancels it at the other side. */
  listen<Name extends keyof Streams & string>(
    name: Name,
    params: Streams[Name]['params'],
    options?: CallOptions,
  ): AsyncIterableIterator<Streams[Name]['event']>;
  close(): void;
  /** Resolves when the other side is gone. */
  readonly closed: Promise<void>;
}

export interface ChannelHandlers {
  call(name: string, params: unknown, signal: AbortSignal): Promise<unknown>;
  listen(name: string, params: unknown, signal: AbortSignal): AsyncIterable<unknown>;
}

type Message =
  | { kind: 'call' | 'listen'; id: number; name: string; params: unknown }
  | { kind: 'cancel'; id: number }
  | { kind: 'result'; id: number; body: unknown }
  | { kind: 'event'; id: number; body: unknown }
  | { kind: 'end'; id: number }
  | { kind: 'error'; id: number; error: ErrorMessage };

interface Pending {
  result(body: unknown): void;
  event(body: unknown): void;
  end(): void;
  error(error: Error): void;
}

export function connectClient<Calls extends CallMap, Streams extends StreamMap>(
  transport: Transport,
): ChannelClient<Calls, Streams> {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let open = true;
  let markClosed: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve;
  });

  transport.onMessage = (bytes) => {
    const message = decodeMessage(bytes) as Message;
    const waiting = pending.get(message.id);
    if (!waiting) return;
    switch (message.kind) {
      case 'event':
        waiting.event(message.body);
        return;
      case 'result':
        pending.delete(message.id);
        waiting.result(message.body);
        return;
      case 'end':
        pending.delete(message.id);
        waiting.end();
        return;
      case 'error':
        pending.delete(message.id);
        waiting.error(DescentError.fromMessage(message.error));
        return;
      default:
        return;
    }
  };
  transport.onClose = () => {
    open = false;
    const error = new DescentError('engine-died', 'The other process went away before it answered.');
    for (const waiting of pending.values()) waiting.error(error);
    pending.clear();
    markClosed();
  };

  const begin = (
    kind: 'call' | 'listen',
    name: string,
    params: unknown,
    waiting: Pending,
    signal?: AbortSignal,
  ) => {
    if (!open) {
      waiting.error(new DescentError('engine-died', `"${name}" was asked of a process that is gone.`));
      return () => {};
    }
    const id = nextId++;
    const cancel = () => {
      if (!pending.delete(id)) return;
      if (open) transport.send(encodeMessage({ kind: 'cancel', id }));
      waiting.error(new DescentError('cancelled', 'Cancelled.'));
    };
    if (signal?.aborted) {
      waiting.error(new DescentError('cancelled', 'Cancelled.'));
      return () => {};
    }
    pending.set(id, waiting);
    signal?.addEventListener('abort', cancel, { once: true });
    transport.send(encodeMessage({ kind, id, name, params }));
    return cancel;
  };

  return {
    call: (name, params, options) =>
      new Promise((resolve, reject) => {
        const waiting: Pending = { result: resolve, event: () => {}, end: () => {}, error: reject };
        begin('call', name, params, waiting, options?.signal);
      }) as never,
    listen: (name, params, options) => listenToStream(name, params, begin, options) as never,
    close: () => transport.close(),
    closed,
  };
}

type Begin = (
  kind: 'listen',
  name: string,
  params: unknown,
  waiting: Pending,
  signal?: AbortSignal,
) => () => void;

function listenToStream(
  name: string,
  params: unknown,
  begin: Begin,
  options?: CallOptions,
): AsyncIterableIterator<unknown> {
  const queue: unknown[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake: () => void = () => {};
  const cancel = begin(
    'listen',
    name,
    params,
    {
      result: () => {},
      event: (body) => {
        queue.push(body);
        wake();
      },
      end: () => {
        ended = true;
        wake();
      },
      error: (error) => {
        failure = error;
        wake();
      },
    },
    options?.signal,
  );
  const iterator: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      for (;;) {
        if (queue.length > 0) return { done: false, value: queue.shift() };
        if (failure) throw failure;
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async return() {
      ended = true;
      cancel();
      failure = undefined;
      queue.length = 0;
      wake();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

/** Serves one connection. Cancels what still runs when the other side goes. Returns a function that ends it. */
export function serveChannel(transport: Transport, handlers: ChannelHandlers): () => void {
  const running = new Map<number, AbortController>();
  let open = true;
  const send = (message: Message) => {
    if (open) transport.send(encodeMessage(message));
  };
  const abortAll = () => {
    open = false;
    for (const controller of running.values()) controller.abort();
    running.clear();
  };

  const answer = async (message: Message & { kind: 'call' | 'listen' }) => {
    const controller = new AbortController();
    running.set(message.id, controller);
    try {
      if (message.kind === 'call') {
        const body = await handlers.call(message.name, message.params, controller.signal);
        if (!controller.signal.aborted) send({ kind: 'result', id: message.id, body });
      } else {
        for await (const body of handlers.listen(message.name, message.params, controller.signal)) {
          if (controller.signal.aborted) return;
          send({ kind: 'event', id: message.id, body });
        }
        if (!controller.signal.aborted) send({ kind: 'end', id: message.id });
      }
    } catch (error) {
      if (!controller.signal.aborted) send({ kind: 'error', id: message.id, error: toErrorMessage(error) });
    } finally {
      running.delete(message.id);
    }
  };

  transport.onMessage = (bytes) => {
    const message = decodeMessage(bytes) as Message;
    if (message.kind === 'call' || message.kind === 'listen') void answer(message);
    else if (message.kind === 'cancel') {
      running.get(message.id)?.abort();
      running.delete(message.id);
    }
  };
  transport.onClose = abortAll;
  return () => {
    abortAll();
    transport.close();
  };
}
