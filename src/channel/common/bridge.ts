import type { ShellEvent } from '../../contract/shell';

/** Largest message that a page may send, in bytes: a prediction with dropped pictures fits, a runaway does not. */
export const maximumRequestBytes = 64 * 1024 * 1024;

/** Name of the bridge on the page's `window`. */
export const bridgeName = 'descent';

/**
 * What the preload script puts on `window.descent`: bytes to and from the studio, and calls to the native shell.
 * Everything that passes is copied between the two worlds; no object of Electron or Node reaches the page.
 */
export interface ShellBridge {
  readonly platform: string;
  readonly versions: { readonly electron: string; readonly chrome: string; readonly node: string };
  /** One encoded message to the studio; dropped while there is no connection. */
  send(message: Uint8Array): void;
  onMessage(listener: (message: Uint8Array) => void): void;
  /** A connection to the studio is there (again). Called at once when there is one already. */
  onOpen(listener: () => void): void;
  /** The studio process is gone; a restart is followed by onOpen. */
  onClose(listener: () => void): void;
  /** A call of src/contract/shell.ts; rejects with an Error whose message is a sentence. */
  request(name: string, params: unknown): Promise<unknown>;
  onEvent(listener: (event: ShellEvent) => void): void;
  /** The path of a File that was dropped on the page or chosen; empty when it has none. */
  pathOfFile(file: unknown): string;
}
