import { createStudioApp } from '../../../renderer/app';
import type { Host } from '../../../renderer/studio';
import { FixtureStudio } from '../fixture-studio';

// ?first, ?running, ?electron and ?steps=N before the # choose what the fixture begins with.
const query = new URLSearchParams(window.location.search);
const studio = new FixtureStudio({
  firstStart: query.has('first'),
  running: query.has('running'),
  stepsPerSecond: Number(query.get('steps') ?? 40),
  scanMilliseconds: Number(query.get('scan') ?? 1500),
});

const host: Host = {
  kind: query.has('electron') ? 'electron' : 'web',
  platform: 'linux',
  versions: {},
  chooseFolder: async () => '/home/ada/Pictures/garden-birds',
  chooseFile: async () => null,
  showInFolder: async () => query.has('electron'),
  pathOfDroppedFile: () => null,
  setTitle: (title) => {
    document.title = title;
  },
  onMenu: () => {},
  onCloseRequested: () => {},
  answerClose: () => {},
  notify: () => {},
};

createStudioApp({
  client: studio.client,
  host,
  connection: { state: 'connected', subscribe: () => () => {} },
}).mount('#app');
