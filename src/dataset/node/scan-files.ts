import type { ScanProgress } from '../../contract/dataset';
import { absolutePath } from './example-table';
import { FileFacts } from './file-facts';
import type { Layout } from './layout';
import { scanPicture, scanText } from './scan-file';

// sharp works in libuv's pool (four threads by default); two more keep it fed while a file is read or hashed.
const filesAtOnce = 6;

interface KnownFacts {
  facts: FileFacts;
  places: Map<string, number>;
}

/**
 * Reads every candidate that `known` does not hold with the same size and time. JavaScript's thread does little more
 * than wait: decoding is done by libvips in other threads.
 *
 * @param known facts of an earlier scan with the places of its files
 * @returns the facts in the order of `layout.candidates`, and how many files were read anew
 */
export async function readFacts(
  layout: Layout,
  known: KnownFacts | undefined,
  onProgress: (progress: ScanProgress) => void,
  signal?: AbortSignal,
): Promise<{ facts: FileFacts; read: number; complete: boolean }> {
  const { candidates } = layout;
  if (known && isUnchanged(candidates, known)) {
    const done = candidates.length;
    onProgress({ type: 'progress', stage: 'reading', done, total: done, remainingSeconds: 0 });
    return { facts: known.facts, read: 0, complete: true };
  }
  const facts = new FileFacts(candidates.length);
  const pending: number[] = [];
  for (let index = 0; index < candidates.length; index += 1) {
    const candidate = candidates[index]!;
    const place = known?.places.get(candidate.file);
    if (place !== undefined && isSame(known!.facts, place, candidate)) facts.copy(index, known!.facts, place);
    else pending.push(index);
  }
  const scan = layout.kind === 'images' ? scanPicture : scanText;
  const meter = new Meter(candidates.length - pending.length, candidates.length, onProgress);
  let next = 0;
  const work = async () => {
    while (next < pending.length && !signal?.aborted) {
      const index = pending[next]!;
      next += 1;
      const candidate = candidates[index]!;
      const fact = await scan(absolutePath(layout.root, candidate.file));
      facts.set(index, candidate.bytes, candidate.modified, fact);
      meter.advance();
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
  meter.finish();
  return { facts, read: pending.length, complete: !signal?.aborted };
}

function isUnchanged(candidates: Layout['candidates'], known: KnownFacts): boolean {
  return (
    candidates.length === known.facts.count &&
    candidates.every(
      (candidate, place) =>
        known.places.get(candidate.file) === place && isSame(known.facts, place, candidate),
    )
  );
}

function isSame(facts: FileFacts, place: number, candidate: { bytes: number; modified: number }): boolean {
  const state = facts.stateOf(place);
  return (
    state !== 'not-read' &&
    state !== 'unreadable-file' &&
    facts.bytes[place] === candidate.bytes &&
    facts.modified[place] === candidate.modified
  );
}

/** Reports at most ten times a second. */
class Meter {
  readonly #started = performance.now();
  readonly #startedAt: number;
  #reported = 0;

  constructor(
    private done: number,
    private readonly total: number,
    private readonly report: (progress: ScanProgress) => void,
  ) {
    this.#startedAt = done;
  }

  advance(): void {
    this.done += 1;
    const now = performance.now();
    if (now - this.#reported < 100) return;
    this.#reported = now;
    const perFile = (now - this.#started) / (this.done - this.#startedAt);
    this.#tell((perFile * (this.total - this.done)) / 1000);
  }

  finish(): void {
    this.#tell(0);
  }

  #tell(remainingSeconds: number): void {
    this.report({ type: 'progress', stage: 'reading', done: this.done, total: this.total, remainingSeconds });
  }
}
