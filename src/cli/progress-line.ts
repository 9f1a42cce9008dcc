import { SingleBar } from 'cli-progress';

/** One bar on standard error while something goes on; nothing when that is not a terminal. */
export class ProgressLine {
  private bar: SingleBar | undefined;

  /** `total` 0: not known yet. `note` stands behind the bar. */
  update(label: string, done: number, total: number, note = ''): void {
    if (!process.stderr.isTTY) return;
    if (!this.bar) {
      this.bar = new SingleBar({
        stream: process.stderr,
        format: '{label} {bar} {value}/{total} {note}',
        barCompleteChar: '━',
        barIncompleteChar: '─',
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        fps: 10,
        // The command decides what Ctrl-C does.
        gracefulExit: false,
      });
      this.bar.start(total, done, { label, note });
    }
    this.bar.setTotal(Math.max(total, done));
    this.bar.update(done, { label, note });
  }

  /** Takes the bar away, so that lines can be written. */
  clear(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
