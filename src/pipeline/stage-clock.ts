import type { StageTime } from './example-source';

/** Adds up what stages report. */
export class StageClock {
  private readonly times = new Map<number, StageTime>();

  add(place: number, unit: StageTime['unit'], elements: number, milliseconds: number): void {
    const time = this.times.get(place);
    if (!time) this.times.set(place, { place, unit, elements, milliseconds });
    else {
      time.elements += elements;
      time.milliseconds += milliseconds;
    }
  }

  /** In the order of the stages, without those that did nothing since the last call. */
  take(): StageTime[] {
    const taken = [...this.times.values()].filter(({ elements }) => elements > 0);
    this.times.clear();
    return taken.sort((a, b) => a.place - b.place);
  }
}
