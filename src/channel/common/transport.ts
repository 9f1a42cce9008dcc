/** Carries whole encoded messages both ways; knows nothing of what they say. */
export interface Transport {
  send(message: Uint8Array): void;
  /** Set once by the channel. */
  onMessage: (message: Uint8Array) => void;
  /** Called once, when the other side is gone. */
  onClose: () => void;
  close(): void;
}

/** Two ends in one process; for tests and for the command line, which is the studio itself. */
export function transportPair(): [Transport, Transport] {
  let open = true;
  const make = (): Transport => ({ send: () => {}, onMessage: () => {}, onClose: () => {}, close: () => {} });
  const left = make();
  const right = make();
  const close = () => {
    if (!open) return;
    open = false;
    queueMicrotask(() => {
      left.onClose();
      right.onClose();
    });
  };
  left.send = (message) => queueMicrotask(() => open && right.onMessage(message));
  right.send = (message) => queueMicrotask(() => open && left.onMessage(message));
  left.close = close;
  right.close = close;
  return [left, right];
}
