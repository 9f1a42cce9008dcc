import { DescentError } from '../../src/contract/errors';

const retryMilliseconds = 1000;

/** Listens to a stream for as long as the page lives; when it breaks off while the studio is there, begins again. */
export async function follow<Event>(
  listen: () => AsyncIterable<Event>,
  take: (event: Event) => void,
  isOpen: () => boolean,
): Promise<void> {
  while (isOpen()) {
    try {
      for await (const event of listen()) take(event);
    } catch (error) {
      if (!(error instanceof DescentError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryMilliseconds));
  }
}
