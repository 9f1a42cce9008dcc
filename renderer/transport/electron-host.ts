import type { ShellBridge } from '../../src/channel/common/bridge';
import type { Transport } from '../../src/channel/common/transport';
import type { MenuCommand, ShellCallName, ShellCalls } from '../../src/contract/shell';
import type { Host } from './host';
import { LastingClient } from './lasting-client';

/** A client over the preload bridge; a restarted studio is a new connection. */
export function connectOverBridge(bridge: ShellBridge): LastingClient {
  const lasting = new LastingClient();
  let transport: Transport | undefined;
  bridge.onMessage((message) => transport?.onMessage(message));
  bridge.onClose(() => {
    transport?.onClose();
    transport = undefined;
  });
  bridge.onOpen(() => {
    transport?.onClose();
    transport = {
      // An encoder's buffer is larger than its message, and the bridge would copy all of it.
      send: (message) =>
        bridge.send(message.byteLength === message.buffer.byteLength ? message : message.slice()),
      onMessage: () => {},
      onClose: () => {},
      close: () => {},
    };
    lasting.attach(transport);
  });
  return lasting;
}

export function electronHost(bridge: ShellBridge): Host {
  const ask = <Name extends ShellCallName>(name: Name, params: ShellCalls[Name]['params']) =>
    bridge.request(name, params) as Promise<ShellCalls[Name]['result']>;
  const tell = <Name extends ShellCallName>(name: Name, params: ShellCalls[Name]['params']) => {
    ask(name, params).catch((error: unknown) => console.error(error));
  };
  let onMenu: ((command: MenuCommand) => void) | undefined;
  let onCloseRequested: ((jobs: number) => void) | undefined;
  const early: MenuCommand[] = [];
  bridge.onEvent((event) => {
    if (event.name === 'close-requested') onCloseRequested?.(event.jobs);
    else if (onMenu) onMenu(event.command);
    else early.push(event.command);
  });
  return {
    kind: 'electron',
    platform: bridge.platform,
    versions: bridge.versions,
    chooseFolder: (title) => ask('shell.chooseFolder', { title }),
    chooseFile: (filters, title) => ask('shell.chooseFile', { filters, title }),
    showInFolder: async (path) => {
      await ask('shell.showInFolder', { path });
      return true;
    },
    pathOfDroppedFile: (file) => {
      // Electron before 32 names the path on the file itself; later ones through the preload script.
      const named = (file as File & { path?: string }).path;
      return (named ?? bridge.pathOfFile(file)) || null;
    },
    // The shell follows the document's title.
    setTitle: (title) => {
      document.title = title;
    },
    onMenu: (listener) => {
      onMenu = listener;
      for (const command of early.splice(0)) listener(command);
    },
    onCloseRequested: (listener) => {
      onCloseRequested = listener;
      tell('shell.watchClose', { watch: true });
    },
    answerClose: (answer) => tell('shell.answerClose', { answer }),
    // The shell notifies of a job's end by itself, with or without a page.
    notify: () => {},
  };
}
