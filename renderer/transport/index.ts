import { bridgeName, type ShellBridge } from '../../src/channel/common/bridge';
import { connectOverBridge, electronHost } from './electron-host';
import type { Host } from './host';
import type { Connection, StudioClient } from './lasting-client';
import { connectOverWebSocket, webHost } from './web-host';

export type { Host } from './host';
export type { Connection, ConnectionState, StudioClient } from './lasting-client';

export interface StudioConnection {
  client: StudioClient;
  host: Host;
  connection: Connection;
}

/** Connects this page to its studio: over the preload bridge in Electron, else over a WebSocket to its own origin. Call once. */
export function connectStudio(): StudioConnection {
  const bridge = (window as unknown as Record<string, ShellBridge | undefined>)[bridgeName];
  const lasting = bridge ? connectOverBridge(bridge) : connectOverWebSocket();
  return { client: lasting.client, host: bridge ? electronHost(bridge) : webHost(), connection: lasting };
}
