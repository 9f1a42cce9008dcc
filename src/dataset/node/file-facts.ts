/** What reading a file showed. */
export const fileStates = [
  'usable',
  'zero-byte-file',
  'wrong-type',
  'unsupported-format',
  'broken-file',
  'unreadable-file',
  'empty-text',
  'not-read',
] as const;
export type FileState = (typeof fileStates)[number];

export const miniatureWidth = 9;
export const miniatureHeight = 8;
export const miniatureBytes = miniatureWidth * miniatureHeight * 3;

/** One file's facts; none depends on the options. */
export interface FileFact {
  state: FileState;
  /** Why it is not usable, in a few words. */
  reason?: string;
  /** Readable, but its decoder complained. */
  damaged?: boolean;
  /** First 128 bits of the content's SHA-256 as four words. */
  hash: Uint32Array;
  /** Pictures: stored width and height. Texts: characters and words. */
  extent: readonly [number, number];
  orientation: number;
  format: number;
  gray: boolean;
  /** uint8 [miniatureHeight, miniatureWidth, 3]: the upright picture, very small. Absent for texts. */
  miniature?: Uint8Array;
}

/** The facts of many files, column by column, so that they are quickly stored and read. */
export class FileFacts {
  readonly bytes: Float64Array;
  readonly modified: Float64Array;
  readonly hash: Uint32Array;
  readonly state: Uint8Array;
  readonly damaged: Uint8Array;
  readonly extent: Int32Array;
  readonly orientation: Uint8Array;
  readonly format: Uint8Array;
  readonly gray: Uint8Array;
  readonly miniature: Uint8Array;
  readonly reasons = new Map<number, string>();

  constructor(readonly count: number) {
    this.bytes = new Float64Array(count);
    this.modified = new Float64Array(count);
    this.hash = new Uint32Array(count * 4);
    this.state = new Uint8Array(count).fill(fileStates.indexOf('not-read'));
    this.damaged = new Uint8Array(count);
    this.extent = new Int32Array(count * 2);
    this.orientation = new Uint8Array(count).fill(1);
    this.format = new Uint8Array(count);
    this.gray = new Uint8Array(count);
    this.miniature = new Uint8Array(count * miniatureBytes);
  }

  /** Every column under its name, for storing. */
  columns() {
    const { bytes, modified, hash, state, damaged, extent, orientation, format, gray, miniature } = this;
    return { bytes, modified, hash, state, damaged, extent, orientation, format, gray, miniature };
  }

  stateOf(index: number): FileState {
    return fileStates[this.state[index]!]!;
  }

  set(index: number, bytes: number, modified: number, fact: FileFact): void {
    this.bytes[index] = bytes;
    this.modified[index] = modified;
    this.hash.set(fact.hash, index * 4);
    this.state[index] = fileStates.indexOf(fact.state);
    this.damaged[index] = fact.damaged ? 1 : 0;
    this.extent.set(fact.extent, index * 2);
    this.orientation[index] = fact.orientation;
    this.format[index] = fact.format;
    this.gray[index] = fact.gray ? 1 : 0;
    if (fact.miniature) this.miniature.set(fact.miniature, index * miniatureBytes);
    if (fact.reason !== undefined) this.reasons.set(index, fact.reason);
  }

  /** Takes over one file's facts from an earlier scan. */
  copy(index: number, other: FileFacts, from: number): void {
    const mine = this.columns();
    const theirs = other.columns();
    for (const name of Object.keys(mine) as (keyof typeof mine)[]) {
      const width = mine[name].length / this.count;
      mine[name].set(theirs[name].subarray(from * width, (from + 1) * width), index * width);
    }
    const reason = other.reasons.get(from);
    if (reason !== undefined) this.reasons.set(index, reason);
  }
}
