import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { toErrorMessage } from '../../contract/errors';
import type { ShellEvent } from '../../contract/shell';
import { maximumRequestBytes } from '../common/bridge';
import { type Answer, ipcChannels } from './channels';

export interface PageListener {
  /** Whether this page may speak to the shell at all. `url` is that of the frame that sent, `isMainFrame` whether it is the top one. */
  accepts(sender: WebContents, url: string, isMainFrame: boolean): boolean;
  onFrame(sender: WebContents, connection: number, message: Uint8Array): void;
  onRequest(sender: WebContents, name: string, params: unknown): Promise<unknown>;
  /** Something was refused; told once a message. */
  onRefused(reason: string): void;
}

/** Listens to every page. Who sends, and how much, is checked here before anything else sees it. */
export function listenToPages(listener: PageListener): void {
  const accepted = (event: IpcMainEvent | IpcMainInvokeEvent): boolean => {
    const frame = event.senderFrame;
    if (
      frame &&
      !event.sender.isDestroyed() &&
      listener.accepts(event.sender, frame.url, frame.parent === null)
    ) {
      return true;
    }
    listener.onRefused(`A message of ${frame?.url ?? 'a frame that is gone'} was refused.`);
    return false;
  };

  ipcMain.on(ipcChannels.frame, (event, connection: unknown, message: unknown) => {
    if (!accepted(event)) return;
    if (typeof connection !== 'number' || !(message instanceof Uint8Array) || message.byteLength === 0) {
      listener.onRefused('A message that is no frame was refused.');
    } else if (message.byteLength > maximumRequestBytes) {
      listener.onRefused(
        `A message of ${message.byteLength} bytes was refused; at most ${maximumRequestBytes} are allowed.`,
      );
    } else listener.onFrame(event.sender, connection, message);
  });
  ipcMain.handle(ipcChannels.request, async (event, name: unknown, params: unknown): Promise<Answer> => {
    if (!accepted(event) || typeof name !== 'string') return { error: 'This page may not ask that.' };
    try {
      return { result: await listener.onRequest(event.sender, name, params) };
    } catch (error) {
      return { error: toErrorMessage(error).message };
    }
  });
}

/** Speaking to one page. A page that is gone meanwhile is passed over. */
export const pages = {
  greeted: (page: WebContents) => send(page, ipcChannels.greeted),
  opened: (page: WebContents, connection: number) => send(page, ipcChannels.opened, connection),
  closed: (page: WebContents, connection: number) => send(page, ipcChannels.closed, connection),
  // Copied: a frame is a view into a larger chunk of the pipe, and cloning a view sends the whole chunk.
  frame: (page: WebContents, connection: number, message: Uint8Array) =>
    send(page, ipcChannels.frame, connection, new Uint8Array(message)),
  event: (page: WebContents, event: ShellEvent) => send(page, ipcChannels.event, event),
};

function send(page: WebContents, channel: string, ...values: unknown[]): void {
  if (!page.isDestroyed()) page.send(channel, ...values);
}
