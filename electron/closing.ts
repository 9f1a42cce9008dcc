import { type BrowserWindow, dialog } from 'electron';
import { pages } from '../src/channel/electron/main-transport';
import type { CloseAnswer } from '../src/contract/shell';
import { texts } from './texts';

const answers: CloseAnswer[] = ['background', 'pause', 'stop', 'cancel'];

export interface CloseDecision {
  answer: CloseAnswer;
  /** The person wants it to be so from now on. */
  remember: boolean;
}

/** Asks what becomes of running jobs when a window closes: the page where it took that over, else a native dialog. */
export class CloseQuestion {
  private readonly watching = new WeakSet<BrowserWindow>();
  private readonly open = new Map<BrowserWindow, (decision: CloseDecision) => void>();
  private readonly dialogs = new WeakSet<BrowserWindow>();

  /** The page of this window asks by itself (or does not any more, as after a reload). */
  watch(window: BrowserWindow, watches: boolean): void {
    if (watches) this.watching.add(window);
    else this.watching.delete(window);
  }

  answer(window: BrowserWindow, answer: CloseAnswer): void {
    this.open.get(window)?.({ answer, remember: false });
  }

  async ask(window: BrowserWindow, jobs: number): Promise<CloseDecision> {
    if (this.dialogs.has(window)) return { answer: 'cancel', remember: false };
    // Closing again while the page's question is open: perhaps the page does not answer, so the shell asks.
    const earlier = this.open.get(window);
    earlier?.({ answer: 'cancel', remember: false });
    if (this.watching.has(window) && !earlier && !window.webContents.isCrashed())
      return this.askPage(window, jobs);
    return this.askNatively(window, jobs);
  }

  private askPage(window: BrowserWindow, jobs: number): Promise<CloseDecision> {
    return new Promise((resolve) => {
      this.open.set(window, (decision) => {
        this.open.delete(window);
        resolve(decision);
      });
      pages.event(window.webContents, { name: 'close-requested', jobs });
    });
  }

  private async askNatively(window: BrowserWindow, jobs: number): Promise<CloseDecision> {
    const { message, detail, background, pause, stop, cancel, remember } = texts.close;
    this.dialogs.add(window);
    try {
      const { response, checkboxChecked } = await dialog.showMessageBox(window, {
        type: 'question',
        message: message(jobs),
        detail,
        buttons: [background, pause, stop, cancel],
        defaultId: 0,
        cancelId: 3,
        checkboxLabel: remember,
      });
      return { answer: answers[response] ?? 'cancel', remember: checkboxChecked };
    } finally {
      this.dialogs.delete(window);
    }
  }
}
