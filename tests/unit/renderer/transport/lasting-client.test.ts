import { describe, expect, it } from 'vitest';
import { type ConnectionState, LastingClient } from '../../../../renderer/transport/lasting-client';
import { type ChannelHandlers, serveChannel } from '../../../../src/channel/common/channel';
import { type Transport, transportPair } from '../../../../src/channel/common/transport';

const running = new Set<string>();

const handlers: ChannelHandlers = {
  call: (name, _params, signal) =>
    name === 'studio.doctor'
      ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
      : Promise.resolve([name]),
  async *listen(name, _params, signal) {
    running.add(name);
    signal.addEventListener('abort', () => running.delete(name));
    yield { jobs: [] };
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};

function attach(lasting: LastingClient): Transport {
  const [page, studio] = transportPair();
  serveChannel(studio, handlers);
  lasting.attach(page);
  return studio;
}

describe('a client that outlives its connection', () => {
  it('keeps calls until there is a connection, and tells how it stands', async () => {
    const lasting = new LastingClient();
    const states: ConnectionState[] = [];
    lasting.subscribe((state) => states.push(state));
    const early = lasting.client.call('jobs.list', {});
    expect(lasting.state).toBe('connecting');
    const studio = attach(lasting);
    expect(await early).toEqual(['jobs.list']);
    studio.close();
    await expect.poll(() => lasting.state).toBe('reconnecting');
    const waiting = lasting.client.call('data.recent', {});
    attach(lasting);
    expect(await waiting).toEqual(['data.recent']);
    expect(states).toEqual(['connected', 'reconnecting', 'connected']);
  });

  it('fails calls and one-time streams that were under way when the connection broke', async () => {
    const lasting = new LastingClient();
    const studio = attach(lasting);
    const call = lasting.client.call('studio.doctor', {});
    const scan = lasting.client.listen('data.open', { path: '/data' });
    await scan.next();
    const next = scan.next();
    await Promise.resolve();
    studio.close();
    await expect(call).rejects.toMatchObject({ code: 'engine-died' });
    await expect(next).rejects.toMatchObject({ code: 'engine-died' });
  });

  it('goes on with watching streams over the next connection', async () => {
    const lasting = new LastingClient();
    const studio = attach(lasting);
    const jobs = lasting.client.listen('jobs.watch', {});
    expect((await jobs.next()).value).toEqual({ jobs: [] });
    const next = jobs.next();
    studio.close();
    attach(lasting);
    expect((await next).value).toEqual({ jobs: [] });
    await jobs.return?.();
  });

  it('cancels a stream at the other side when its loop is left, even while it waits', async () => {
    const lasting = new LastingClient();
    attach(lasting);
    const runs = lasting.client.listen('runs.watch', {});
    await runs.next();
    expect(running).toContain('runs.watch');
    const waiting = runs.next();
    await runs.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect.poll(() => running.has('runs.watch')).toBe(false);
  });

  it('cancels by a signal, with or without a connection', async () => {
    const lasting = new LastingClient();
    const controller = new AbortController();
    const waiting = lasting.client.call('jobs.list', {}, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    attach(lasting);
    const second = new AbortController();
    const stream = lasting.client.listen('runs.watch', {}, { signal: second.signal });
    await stream.next();
    const next = stream.next();
    second.abort();
    await expect(next).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('fails everything once the studio is gone for good', async () => {
    const lasting = new LastingClient();
    const waiting = lasting.client.call('jobs.list', {});
    lasting.giveUp();
    await expect(waiting).rejects.toThrow('not running any more');
    await expect(lasting.client.call('jobs.list', {})).rejects.toMatchObject({ code: 'engine-died' });
    await expect(lasting.client.listen('jobs.watch', {}).next()).rejects.toMatchObject({
      code: 'engine-died',
    });
    await lasting.client.closed;
    expect(lasting.state).toBe('gone');
  });
});
