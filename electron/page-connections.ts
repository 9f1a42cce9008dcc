import type { WebContents } from 'electron';
import type { Transport } from '../src/channel/common/transport';
import { pages } from '../src/channel/electron/main-transport';
import type { StudioProcess } from './studio-process';

interface PageConnection {
  connection: number;
  transport: Transport;
}

/** Joins each page with a connection of its own to the studio, and forwards the frames unopened. */
export class PageConnections {
  private readonly connections = new Map<WebContents, PageConnection | undefined>();

  constructor(private readonly studio: StudioProcess) {}

  /** A document was loaded: what its predecessor had under way is cancelled. */
  greet(page: WebContents): void {
    if (!this.connections.has(page)) page.once('destroyed', () => this.leave(page));
    this.connections.get(page)?.transport.close();
    this.connections.set(page, undefined);
    pages.greeted(page);
    this.join(page);
  }

  forward(page: WebContents, connection: number, message: Uint8Array): void {
    const joined = this.connections.get(page);
    if (joined?.connection === connection) joined.transport.send(message);
  }

  /** A studio runs again. */
  joinAll(): void {
    for (const [page, joined] of this.connections) if (!joined) this.join(page);
  }

  private join(page: WebContents): void {
    const joined = this.studio.connect();
    if (!joined) return;
    const { connection, transport } = joined;
    this.connections.set(page, joined);
    transport.onMessage = (message) => pages.frame(page, connection, message);
    transport.onClose = () => {
      if (this.connections.get(page)?.connection !== connection) return;
      this.connections.set(page, undefined);
      pages.closed(page, connection);
    };
    pages.opened(page, connection);
  }

  private leave(page: WebContents): void {
    const joined = this.connections.get(page);
    this.connections.delete(page);
    joined?.transport.close();
  }
}
