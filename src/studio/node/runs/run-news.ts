import { performance } from 'node:perf_hooks';
import type { RunListing } from '../../../contract/run';
import type { RunLibrary } from '../../../record/node/run-library';
import { Hub } from '../hub';
import type { Logger } from '../logger';

const lookMilliseconds = 2_000;
/** Looking at a large library may take at most this share of the time. */
const largestShare = 0.05;

/**
 * Tells which runs of the library have changed: those that this process changes at once, those of other processes
 * within seconds, by looking at the library while somebody listens.
 */
export class RunNews {
  private readonly hub = new Hub<string[]>();
  private listeners = 0;
  private timer: NodeJS.Timeout | undefined;
  private known: Map<string, string> | undefined;

  constructor(
    private readonly library: () => Promise<RunLibrary>,
    private readonly logger: Logger,
  ) {}

  /** This process has changed these runs; none: everything may have changed. */
  tell(...runs: string[]): void {
    this.hub.tell(runs);
  }

  subscribe(listener: (runs: string[]) => void): () => void {
    const leave = this.hub.subscribe(listener);
    this.listeners++;
    if (this.listeners === 1) this.lookLater(lookMilliseconds);
    return () => {
      leave();
      this.listeners--;
      if (this.listeners > 0) return;
      clearTimeout(this.timer);
      this.timer = undefined;
      this.known = undefined;
    };
  }

  private lookLater(milliseconds: number): void {
    this.timer = setTimeout(() => void this.look(), milliseconds);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    const begun = performance.now();
    try {
      const runs = await (await this.library()).list();
      const now = new Map(runs.map((run) => [run.id, signature(run)]));
      const before = this.known;
      this.known = now;
      if (before) {
        const changed = [...now].filter(([id, state]) => before.get(id) !== state).map(([id]) => id);
        const gone = [...before.keys()].filter((id) => !now.has(id));
        if (changed.length + gone.length > 0) this.hub.tell([...changed, ...gone]);
      }
    } catch (error) {
      this.logger.warn(`The library can't be looked at: ${(error as Error).message}`);
    }
    if (this.listeners > 0) {
      this.lookLater(Math.max(lookMilliseconds, (performance.now() - begun) / largestShare));
    }
  }
}

function signature({
  name,
  status,
  progress,
  summary,
  failure,
  tags,
  note,
  archived,
  problem,
}: RunListing): string {
  return JSON.stringify([name, status, progress, summary, failure, tags, note, archived, problem]);
}
