import { type ChannelHandlers, serveChannel } from '../common/channel';
import type { Transport } from '../common/transport';

/**
 * Serves a connection whose other side is not trusted: a message that can't be read closes this connection, and
 * nothing else. Returns a function that ends it.
 */
export function serveUntrusted(transport: Transport, handlers: ChannelHandlers): () => void {
  const end = serveChannel(transport, handlers);
  const receive = transport.onMessage;
  transport.onMessage = (message) => {
    try {
      receive(message);
    } catch {
      end();
    }
  };
  return end;
}
