import { setImmediate } from 'node:timers/promises';

let last = performance.now();

/** Lets other work run when this thread has been busy for more than 10 ms. Throws when `signal` is aborted. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - last > 10) {
    await setImmediate();
    last = performance.now();
  }
  signal?.throwIfAborted();
}
