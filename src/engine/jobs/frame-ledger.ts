import { encodeMessage } from '../../channel/common/codec';
import { frameHeader } from '../../channel/common/framing';
import type { JobEvent, JobFrame } from '../../contract/frames';

/** Numbers a job's frames and keeps those that the studio has not yet recorded. */
export class FrameLedger {
  private sequence = 0;
  private kept: JobFrame[] = [];

  constructor(private readonly send: (frame: JobFrame) => void) {}

  readonly emit = (event: JobEvent): void => {
    const frame: JobFrame = { sequence: ++this.sequence, ...event };
    this.kept.push(frame);
    this.send(frame);
  };

  /** The studio has recorded every frame up to this one. */
  acknowledge(sequence: number): void {
    this.kept = this.kept.filter((frame) => frame.sequence > sequence);
  }

  /** The others, one after the other as they would stand on a pipe. */
  encodeUnacknowledged(): Uint8Array {
    const parts = this.kept.flatMap((frame) => {
      const payload = encodeMessage(frame);
      return [frameHeader(0, payload.byteLength), payload];
    });
    return Buffer.concat(parts);
  }
}
