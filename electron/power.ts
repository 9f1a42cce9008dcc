import { type BrowserWindow, powerSaveBlocker } from 'electron';
import type { JobSummary } from './job-follower';

/** Keeps the machine awake (its screen may sleep) while a job computes. */
export class PowerKeeper {
  private blocker: number | undefined;

  take({ running }: JobSummary): void {
    if (running > 0 && this.blocker === undefined) {
      this.blocker = powerSaveBlocker.start('prevent-app-suspension');
    } else if (running === 0 && this.blocker !== undefined) {
      powerSaveBlocker.stop(this.blocker);
      this.blocker = undefined;
    }
  }

  get isKeeping(): boolean {
    return this.blocker !== undefined;
  }
}

/** Progress in the task bar or the dock: a value below 0 takes the bar away, one above 1 shows that it isn't known yet. */
export function showTaskBarProgress(window: BrowserWindow, { active, progress, paused }: JobSummary): void {
  if (active === 0) window.setProgressBar(-1);
  else
    window.setProgressBar(progress ?? 2, {
      mode: paused ? 'paused' : progress === undefined ? 'indeterminate' : 'normal',
    });
}
