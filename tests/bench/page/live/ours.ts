import { createStudioApp } from '../../../../renderer/app';
import { connectClient } from '../../../../src/channel/common/channel';
import type { Transport } from '../../../../src/channel/common/transport';
import type { StudioCalls, StudioStreams } from '../../../../src/contract/studio';

/** The product's window on the run page of a run that grows in a worker. */
const steps = new URLSearchParams(window.location.search).get('steps') ?? '400';
const worker = new Worker(new URL('./studio-worker.ts', import.meta.url), { type: 'module', name: steps });
const transport: Transport = {
  send: (message) => worker.postMessage(message),
  onMessage: () => {},
  onClose: () => {},
  close: () => worker.terminate(),
};
worker.addEventListener(
  'message',
  (first: MessageEvent<string>) => {
    worker.addEventListener('message', (event: MessageEvent<Uint8Array>) => transport.onMessage(event.data));
    window.location.hash = `#/runs/${first.data}`;
    createStudioApp({
      client: connectClient<StudioCalls, StudioStreams>(transport),
      host: {
        kind: 'web',
        platform: 'linux',
        versions: {},
        chooseFolder: async () => null,
        chooseFile: async () => null,
        showInFolder: async () => false,
        pathOfDroppedFile: () => null,
        setTitle: () => {},
        onMenu: () => {},
        onCloseRequested: () => {},
        answerClose: () => {},
        notify: () => {},
      },
      connection: { state: 'connected', subscribe: () => () => {} },
    }).mount('#app');
  },
  { once: true },
);
