import type { Duplex } from 'node:stream';
import { FrameReader, frameHeader } from '../common/framing';
import type { Transport } from '../common/transport';

/** Many connections over one byte pipe (an extra stdio pipe, a socket). */
export class PipeMultiplexer {
  private readonly connections = new Map<number, Transport>();
  private closed = false;
  /** A message came for a connection that nobody opened here: the other side opens one by sending on it. */
  onConnection: (connection: number, transport: Transport) => void = () => {};
  onClose: () => void = () => {};

  constructor(private readonly pipe: Duplex) {
    const reader = new FrameReader(({ connection, payload }) => this.receive(connection, payload));
    pipe.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        pipe.destroy(error instanceof Error ? error : undefined);
      }
    });
    pipe.on('error', () => this.shut());
    pipe.on('end', () => this.shut());
    pipe.on('close', () => this.shut());
  }

  /** An empty payload says that a connection is closed. */
  private receive(connection: number, payload: Uint8Array): void {
    let transport = this.connections.get(connection);
    if (payload.byteLength === 0) {
      this.connections.delete(connection);
      transport?.onClose();
      return;
    }
    if (!transport) {
      transport = this.open(connection);
      this.onConnection(connection, transport);
    }
    transport.onMessage(payload);
  }

  open(connection: number): Transport {
    const transport: Transport = {
      send: (message) => this.write(connection, message),
      onMessage: () => {},
      onClose: () => {},
      close: () => {
        if (!this.connections.delete(connection)) return;
        this.write(connection, new Uint8Array(0));
        transport.onClose();
      },
    };
    this.connections.set(connection, transport);
    return transport;
  }

  private write(connection: number, message: Uint8Array): void {
    if (this.closed || this.pipe.destroyed) return;
    this.pipe.cork();
    this.pipe.write(frameHeader(connection, message.byteLength));
    if (message.byteLength > 0) this.pipe.write(message);
    this.pipe.uncork();
  }

  private shut(): void {
    if (this.closed) return;
    this.closed = true;
    for (const transport of [...this.connections.values()]) transport.onClose();
    this.connections.clear();
    this.onClose();
  }

  close(): void {
    this.pipe.end();
    this.shut();
  }
}

/** The only connection of a pipe. Closing it ends the pipe. */
export function pipeTransport(pipe: Duplex): Transport {
  const multiplexer = new PipeMultiplexer(pipe);
  const transport = multiplexer.open(0);
  transport.close = () => multiplexer.close();
  return transport;
}
