import { nextTick } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { ScalarQuery, ScalarSeries } from '../../src/contract/series';
import type { StudioClient } from '../studio';
import { chartFrames } from './frame-queue';

export interface HubSubscriber {
  /** Runs whose growth it wants to hear of. */
  runs(): readonly string[];
  /** Queries to ask now; none while the chart is out of sight. */
  queries(): readonly ScalarQuery[];
  receive(series: readonly (ScalarSeries | undefined)[]): void;
  fail(error: ErrorMessage): void;
  /** A run has grown: for those who ask other things than scalars, or who list tags. */
  grown?(run: string, newSeries: boolean): void;
}

/** Eight times a second: smooth to the eye, and leaves the studio and the page time for other things. */
const askEveryMilliseconds = 125;

/**
 * Asks for the scalars of all charts of the page: one watch over the runs in view, and one call for what is due, at most
 * eight times a second and never before the last answer came. Live and past runs take the same way.
 */
export class SeriesHub {
  private readonly subscribers = new Set<HubSubscriber>();
  private readonly due = new Set<HubSubscriber>();
  private watched = '';
  private watching: AbortController | null = null;
  private asking = false;
  private lastAsked = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly client: StudioClient,
    private readonly drawn: () => Promise<void> = async () => {
      await nextTick();
      await chartFrames.idle();
    },
  ) {
    if (typeof document !== 'undefined')
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState !== 'visible') return;
        for (const subscriber of this.subscribers) this.due.add(subscriber);
        this.schedule();
      });
  }

  subscribe(subscriber: HubSubscriber): { ask(): void; end(): void } {
    this.subscribers.add(subscriber);
    queueMicrotask(() => this.rewatch());
    return {
      ask: () => {
        this.due.add(subscriber);
        queueMicrotask(() => this.rewatch());
        this.schedule();
      },
      end: () => {
        this.subscribers.delete(subscriber);
        this.due.delete(subscriber);
        queueMicrotask(() => this.rewatch());
      },
    };
  }

  private rewatch(): void {
    const runs = new Set<string>();
    for (const subscriber of this.subscribers) for (const run of subscriber.runs()) runs.add(run);
    const wanted = [...runs].sort().slice(0, 100);
    const name = wanted.join('\n');
    if (name === this.watched) return;
    this.watched = name;
    this.watching?.abort();
    this.watching = null;
    if (wanted.length === 0) return;
    const controller = new AbortController();
    this.watching = controller;
    void this.watch(wanted, controller);
  }

  private async watch(runs: string[], controller: AbortController): Promise<void> {
    while (!controller.signal.aborted) {
      try {
        for await (const event of this.client.listen('series.watch', { runs }, { signal: controller.signal }))
          this.grew(event.run, event.newSeries);
      } catch (error) {
        if (controller.signal.aborted) return;
        for (const subscriber of this.subscribers) subscriber.fail(toErrorMessage(error));
      }
      if (controller.signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  private grew(run: string, newSeries: boolean): void {
    for (const subscriber of this.subscribers) {
      if (!subscriber.runs().includes(run)) continue;
      this.due.add(subscriber);
      subscriber.grown?.(run, newSeries);
    }
    this.schedule();
  }

  private schedule(): void {
    if (this.asking || this.timer !== null || this.due.size === 0) return;
    const wait = Math.max(0, this.lastAsked + askEveryMilliseconds - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.flush();
    }, wait);
  }

  private async flush(): Promise<void> {
    if (typeof document !== 'undefined' && document.visibilityState === 'hidden') return;
    const parts: { subscriber: HubSubscriber; from: number; count: number }[] = [];
    const queries: ScalarQuery[] = [];
    for (const subscriber of this.due) {
      const wanted = subscriber.queries();
      if (wanted.length > 0 && queries.length + wanted.length > maxQueries) continue;
      this.due.delete(subscriber);
      if (wanted.length === 0) continue;
      parts.push({ subscriber, from: queries.length, count: wanted.length });
      queries.push(...wanted);
    }
    if (queries.length === 0) return;
    this.asking = true;
    this.lastAsked = performance.now();
    try {
      const answer = await this.client.call('series.scalars', { queries });
      for (const { subscriber, from, count } of parts)
        if (this.subscribers.has(subscriber))
          subscriber.receive(pick(queries.slice(from, from + count), answer, from));
    } catch (error) {
      const message = toErrorMessage(error);
      for (const { subscriber } of parts) if (this.subscribers.has(subscriber)) subscriber.fail(message);
    } finally {
      // On a slow machine the next question waits for what is being drawn, instead of piling up behind it.
      await this.drawn();
      this.asking = false;
      this.schedule();
    }
  }
}

const maxQueries = 500;

/** Answers come in the order of the queries; a studio that leaves out empty series is understood too. */
function pick(
  queries: readonly ScalarQuery[],
  answer: readonly ScalarSeries[],
  from: number,
): (ScalarSeries | undefined)[] {
  const fits = (query: ScalarQuery, series: ScalarSeries | undefined) =>
    series !== undefined &&
    series.run === query.run &&
    series.split === query.split &&
    series.tag === query.tag;
  return queries.map((query, index) => {
    const inPlace = answer[from + index];
    return fits(query, inPlace) ? inPlace : answer.find((series) => fits(query, series));
  });
}

const hubs = new WeakMap<StudioClient, SeriesHub>();

export function seriesHub(client: StudioClient): SeriesHub {
  let hub = hubs.get(client);
  if (!hub) {
    hub = new SeriesHub(client);
    hubs.set(client, hub);
  }
  return hub;
}
