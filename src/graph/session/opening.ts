import type { Tensor } from '../operation';
import type { Feeds, GraphSession } from './session';

type Feed = Feeds extends Iterable<infer One> ? One : never;

/**
 * What has to run once before a session is used, gathered into one call: TensorFlow prepares every new set of fetches anew,
 * which takes it some milliseconds.
 */
export class Opening {
  private readonly fetched: Tensor[] = [];
  private readonly fed: Feed[] = [];
  private readonly later: ((session: GraphSession) => void)[] = [];

  /** `target` in the one call, which has no order among its targets. */
  add(target: Tensor, feeds: Feeds = []): void {
    this.fetched.push(target);
    this.fed.push(...feeds);
  }

  /** After the one call. */
  afterwards(work: (session: GraphSession) => void): void {
    this.later.push(work);
  }

  run(session: GraphSession): void {
    if (this.fetched.length > 0)
      session.run(Object.fromEntries(this.fetched.map((tensor, index) => [`t${index}`, tensor])), this.fed);
    for (const work of this.later) work(session);
  }
}
