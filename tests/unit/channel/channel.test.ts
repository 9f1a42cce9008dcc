import { describe, expect, it } from 'vitest';
import { type ChannelHandlers, connectClient, serveChannel } from '../../../src/channel/common/channel';
import { type Transport, transportPair } from '../../../src/channel/common/transport';
import { PipeMultiplexer, pipeTransport } from '../../../src/channel/node/pipe-transport';
import { DescentError } from '../../../src/contract/errors';
import { duplexPair } from './duplex-pair';

type Calls = {
  add: { params: { left: number; right: number }; result: number };
  fail: { params: Record<string, never>; result: never };
  wait: { params: Record<string, never>; result: never };
};
type Streams = { count: { params: { to: number }; event: { value: number; values: Float64Array } } };

function handlers(aborted: string[]): ChannelHandlers {
  return {
    async call(name, params, signal) {
      if (name === 'add') {
        const { left, right } = params as Calls['add']['params'];
        return left + right;
      }
      if (name === 'fail')
        throw new DescentError('bad-input', 'row 3 has no label', { remedy: 'Add one.', subject: 'row:3' });
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(name);
          reject(new Error('aborted'));
        });
      });
    },
    async *listen(name, params, signal) {
      const { to } = params as Streams['count']['params'];
      try {
        for (let value = 0; value < to && !signal.aborted; value++) {
          yield { value, values: new Float64Array([value]) };
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        if (signal.aborted) aborted.push(name);
      }
    },
  };
}

function pipes(): [Transport, Transport] {
  const [left, right] = duplexPair();
  return [pipeTransport(left), pipeTransport(right)];
}

describe.each([
  ['in one process', transportPair],
  ['over a pipe', pipes],
])('a channel %s', (_name, makePair) => {
  const connect = () => {
    const aborted: string[] = [];
    const [left, right] = makePair();
    serveChannel(right, handlers(aborted));
    return { client: connectClient<Calls, Streams>(left), aborted, right };
  };

  it('answers many calls at once, each with its own result', async () => {
    const { client } = connect();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, left) => client.call('add', { left, right: 1 })),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, left) => left + 1));
  });

  it('carries an error with its code, remedy and subject', async () => {
    const { client } = connect();
    const error = await client.call('fail', {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DescentError);
    expect((error as DescentError).toMessage()).toEqual({
      code: 'bad-input',
      message: 'row 3 has no label',
      remedy: 'Add one.',
      subject: 'row:3',
    });
  });

  it('streams typed arrays in order and ends', async () => {
    const { client } = connect();
    const seen: number[] = [];
    for await (const event of client.listen('count', { to: 20 })) {
      expect(event.values).toBeInstanceOf(Float64Array);
      seen.push(event.value);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, value) => value));
  });

  it('cancels a stream at the other side when the listener leaves', async () => {
    const { client, aborted } = connect();
    for await (const event of client.listen('count', { to: 1_000_000 })) if (event.value === 3) break;
    await expect.poll(() => aborted).toEqual(['count']);
  });

  it('cancels a call by its signal', async () => {
    const { client, aborted } = connect();
    const controller = new AbortController();
    const call = client.call('wait', {}, { signal: controller.signal });
    await client.call('add', { left: 1, right: 1 });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => aborted).toEqual(['wait']);
  });

  it('fails what waits, and aborts what runs, when the other side goes away', async () => {
    const { client, aborted, right } = connect();
    const call = client.call('wait', {});
    await client.call('add', { left: 1, right: 1 });
    right.close();
    await expect(call).rejects.toMatchObject({ code: 'engine-died' });
    await client.closed;
    await expect(client.call('add', { left: 1, right: 1 })).rejects.toMatchObject({ code: 'engine-died' });
    await expect.poll(() => aborted).toEqual(['wait']);
  });
});

describe('several connections on one pipe', () => {
  it('are kept apart and closed one by one', async () => {
    const [left, right] = duplexPair();
    const near = new PipeMultiplexer(left);
    const far = new PipeMultiplexer(right);
    const closed: number[] = [];
    far.onConnection = (connection, transport) => {
      serveChannel(transport, {
        call: async () => connection,
        // biome-ignore lint/correctness/useYield: no stream is asked for here
        listen: async function* () {
          closed.push(connection);
        },
      });
      const abort = transport.onClose;
      transport.onClose = () => {
        closed.push(connection);
        abort();
      };
    };
    const clients = [1, 2, 7].map((id) => connectClient<Calls, Streams>(near.open(id)));
    expect(await Promise.all(clients.map((client) => client.call('add', { left: 0, right: 0 })))).toEqual([
      1, 2, 7,
    ]);
    clients[1]!.close();
    await expect.poll(() => closed).toEqual([2]);
    expect(await clients[2]!.call('add', { left: 0, right: 0 })).toBe(7);
  });

  it('refuses a frame of impossible length and closes', async () => {
    const [left, right] = duplexPair();
    const far = new PipeMultiplexer(right);
    const closed = new Promise<void>((resolve) => {
      far.onClose = resolve;
    });
    left.write(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
    await closed;
  });
});
