import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { ShellEvent } from '../../contract/shell';
import { bridgeName, type ShellBridge } from '../common/bridge';
import { type Answer, ipcChannels } from './channels';

/** Puts the bridge on the page's window. Called once by the preload script; uses nothing that a sandbox lacks. */
export function exposeBridge(): void {
  let connection: number | undefined;
  let onMessage: (message: Uint8Array) => void = () => {};
  let onOpen: () => void = () => {};
  let onClose: () => void = () => {};
  let onEvent: (event: ShellEvent) => void = () => {};
  const earlyEvents: ShellEvent[] = [];
  let listening = false;

  // What a preload script sends at once may reach the shell before it knows which page this is, and is then refused.
  const greeted = new Promise<void>((resolve) => {
    ipcRenderer.once(ipcChannels.greeted, () => resolve());
  });
  ipcRenderer.on(ipcChannels.opened, (_event, opened: number) => {
    connection = opened;
    onOpen();
  });
  ipcRenderer.on(ipcChannels.closed, (_event, closed: number) => {
    if (closed !== connection) return;
    connection = undefined;
    onClose();
  });
  ipcRenderer.on(ipcChannels.frame, (_event, from: number, message: Uint8Array) => {
    if (from === connection) onMessage(message);
  });
  ipcRenderer.on(ipcChannels.event, (_event, event: ShellEvent) => {
    if (listening) onEvent(event);
    else earlyEvents.push(event);
  });

  const bridge: ShellBridge = {
    platform: process.platform,
    versions: {
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      node: process.versions.node,
    },
    send: (message) => {
      if (connection !== undefined) ipcRenderer.send(ipcChannels.frame, connection, message);
    },
    onMessage: (listener) => {
      onMessage = listener;
    },
    onOpen: (listener) => {
      onOpen = listener;
      if (connection !== undefined) listener();
    },
    onClose: (listener) => {
      onClose = listener;
    },
    request: async (name, params) => {
      await greeted;
      const answer: Answer = await ipcRenderer.invoke(ipcChannels.request, name, params);
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    },
    onEvent: (listener) => {
      onEvent = listener;
      listening = true;
      for (const event of earlyEvents.splice(0)) listener(event);
    },
    // Electron before 32 has no webUtils in a preload; there a File carries its path itself.
    pathOfFile: (file) => webUtils?.getPathForFile(file as File) ?? '',
  };
  contextBridge.exposeInMainWorld(bridgeName, bridge);
}
