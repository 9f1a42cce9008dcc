import { DescentError } from '../../contract/errors';
import type { Transport } from '../common/transport';

/**
 * Opens a WebSocket that carries one encoded message a binary frame. Resolves when it is open.
 * @throws DescentError when the server refuses or can't be reached (a browser does not tell which).
 */
export function openWebSocket(url: string): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let opened = false;
    const transport: Transport = {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer>);
      },
      onMessage: () => {},
      onClose: () => {},
      close: () => socket.close(),
    };
    socket.onopen = () => {
      opened = true;
      resolve(transport);
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) transport.onMessage(new Uint8Array(data));
    };
    socket.onclose = () => {
      if (opened) transport.onClose();
      else reject(new DescentError('io', `Descent could not be reached at ${url}.`));
    };
  });
}
