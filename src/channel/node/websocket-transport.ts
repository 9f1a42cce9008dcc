import type { WebSocket } from 'ws';
import type { Transport } from '../common/transport';

/** A page that stops reading is cut off when this much waits for it, in bytes; it connects again when it wakes. */
const mostWaitingBytes = 256 * 1024 * 1024;

/** The server's end of a WebSocket: one encoded message a binary frame. Text frames close the connection. */
export function webSocketTransport(socket: WebSocket): Transport {
  const transport: Transport = {
    send: (message) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > mostWaitingBytes) socket.terminate();
      else socket.send(message, { binary: true });
    },
    onMessage: () => {},
    onClose: () => {},
    close: () => socket.close(),
  };
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) transport.onMessage(data);
    else socket.close(1003, 'binary messages only');
  });
  // What was wrong with a connection (too large a message, a reset) is told to the other side by its close code.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => transport.onClose());
  return transport;
}
