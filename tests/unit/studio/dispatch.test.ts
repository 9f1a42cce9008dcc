import { describe, expect, it } from 'vitest';
import { connectClient, serveChannel } from '../../../src/channel/common/channel';
import { transportPair } from '../../../src/channel/common/transport';
import type { StudioCalls, StudioStreams } from '../../../src/contract/studio';
import { type CallHandlers, dispatch, type StreamHandlers } from '../../../src/studio/node/dispatch';

function connect(calls: Partial<CallHandlers>, streams: Partial<StreamHandlers> = {}) {
  const [here, there] = transportPair();
  serveChannel(there, dispatch(calls as CallHandlers, streams as StreamHandlers));
  return connectClient<StudioCalls, StudioStreams>(here);
}

describe('dispatch', () => {
  it('gives a handler the parameters as the schema completes them', async () => {
    const client = connect({ 'runs.list': async (params) => [params] as never });
    expect(await client.call('runs.list', { search: 'digits' })).toEqual([
      { search: 'digits', archived: false },
    ]);
  });

  it('refuses parameters that do not fit the schema before the handler acts', async () => {
    let acted = false;
    const client = connect({
      'runs.delete': async () => {
        acted = true;
        return {};
      },
    });
    await expect(client.call('runs.delete', { run: 7 } as never)).rejects.toMatchObject({
      code: 'wrong-use',
      subject: 'run',
    });
    expect(acted).toBe(false);
  });

  it('refuses names that the contract does not have, also those of Object.prototype', async () => {
    const client = connect({});
    for (const name of ['runs.explode', 'constructor', '__proto__']) {
      await expect(client.call(name as never, {} as never)).rejects.toMatchObject({ code: 'wrong-use' });
      await expect(client.listen(name as never, {} as never).next()).rejects.toMatchObject({
        code: 'wrong-use',
      });
    }
  });

  it('does not fill in settings that were not named', async () => {
    const client = connect({ 'studio.changeSettings': async (changes) => changes as never });
    expect(await client.call('studio.changeSettings', { theme: 'dark' })).toEqual({ theme: 'dark' });
  });
});
