import { type CallOptions, type ChannelClient, connectClient } from '../../src/channel/common/channel';
import type { Transport } from '../../src/channel/common/transport';
import { DescentError } from '../../src/contract/errors';
import type { StudioCalls, StudioStreams } from '../../src/contract/studio';

export type StudioClient = ChannelClient<StudioCalls, StudioStreams>;

/** `gone` is final: the studio will not come back to this page. */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'gone';

export interface Connection {
  readonly state: ConnectionState;
  /** Called with every change (not with the state at hand). Returns the end of the subscription. */
  subscribe(listener: (state: ConnectionState) => void): () => void;
}

/**
 * A client that outlives its connection. Calls made without a connection wait for the next one; calls and streams
 * under way when it breaks fail with `engine-died`, except the `*.watch` streams, which go on over the next connection
 * (each begins with everything as it stands, so nothing is missed).
 */
export class LastingClient implements Connection {
  private inner: StudioClient | undefined;
  private waiting: { resolve: (inner: StudioClient) => void; reject: (error: Error) => void }[] = [];
  private readonly listeners = new Set<(state: ConnectionState) => void>();
  private markClosed: () => void = () => {};
  private current: ConnectionState = 'connecting';

  readonly client: StudioClient = {
    call: async (name, params, options) =>
      (await this.connected(options?.signal)).call(name, params, options),
    listen: (name, params, options) => this.listen(name, params, options) as never,
    close: () => this.giveUp(),
    closed: new Promise<void>((resolve) => {
      this.markClosed = resolve;
    }),
  };

  get state(): ConnectionState {
    return this.current;
  }

  subscribe(listener: (state: ConnectionState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A fresh transport is open. */
  attach(transport: Transport): void {
    if (this.current === 'gone') {
      transport.close();
      return;
    }
    const inner = connectClient<StudioCalls, StudioStreams>(transport);
    this.inner = inner;
    void inner.closed.then(() => {
      if (this.inner !== inner) return;
      this.inner = undefined;
      if (this.current !== 'gone') this.change('reconnecting');
    });
    this.change('connected');
    for (const { resolve } of this.waiting.splice(0)) resolve(inner);
  }

  /** No transport will come any more. */
  giveUp(): void {
    if (this.current === 'gone') return;
    this.change('gone');
    for (const { reject } of this.waiting.splice(0)) reject(unreachable());
    this.inner?.close();
    this.markClosed();
  }

  private change(state: ConnectionState): void {
    if (this.current === state) return;
    this.current = state;
    for (const listener of [...this.listeners]) listener(state);
  }

  private connected(signal?: AbortSignal): Promise<StudioClient> {
    if (this.inner && this.current === 'connected') return Promise.resolve(this.inner);
    if (this.current === 'gone') return Promise.reject(unreachable());
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.waiting = this.waiting.filter((other) => other !== entry);
        reject(new DescentError('cancelled', 'Cancelled.'));
      };
      const entry = {
        resolve: (inner: StudioClient) => {
          signal?.removeEventListener('abort', abort);
          resolve(inner);
        },
        reject,
      };
      if (signal?.aborted) abort();
      else {
        signal?.addEventListener('abort', abort, { once: true });
        this.waiting.push(entry);
      }
    });
  }

  private listen<Name extends keyof StudioStreams & string>(
    name: Name,
    params: StudioStreams[Name]['params'],
    options?: CallOptions,
  ): AsyncIterableIterator<StudioStreams[Name]['event']> {
    const left = new AbortController();
    const outer = options?.signal;
    const follow = () => left.abort();
    if (outer?.aborted) left.abort();
    else outer?.addEventListener('abort', follow, { once: true });
    let returned = false;
    const events = this.events(name, params, left.signal, () => returned);
    const iterator: AsyncIterableIterator<StudioStreams[Name]['event']> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => events.next(),
      // A generator would keep `return` waiting until its next event; the signal ends that wait.
      return: async () => {
        returned = true;
        outer?.removeEventListener('abort', follow);
        left.abort();
        await events.return(undefined);
        return { done: true, value: undefined };
      },
    };
    return iterator;
  }

  private async *events<Name extends keyof StudioStreams & string>(
    name: Name,
    params: StudioStreams[Name]['params'],
    signal: AbortSignal,
    returned: () => boolean,
  ): AsyncGenerator<StudioStreams[Name]['event'], void, undefined> {
    for (;;) {
      let inner: StudioClient | undefined;
      try {
        inner = await this.connected(signal);
        yield* inner.listen(name, params, { signal });
        return;
      } catch (error) {
        if (returned()) return;
        const broken = inner !== undefined && (await isClosed(inner));
        if (!broken || signal.aborted || !name.endsWith('.watch')) throw error;
      }
    }
  }
}

/** Whether a client's connection is over, without waiting for its end. */
function isClosed(client: StudioClient): Promise<boolean> {
  return Promise.race([
    client.closed.then(() => true),
    new Promise<boolean>((no) => setTimeout(no, 0, false)),
  ]);
}

function unreachable(): DescentError {
  return new DescentError('engine-died', 'Descent is not running any more.', {
    remedy: 'Start it again; everything that was recorded is kept.',
  });
}
