import { app, BrowserWindow, dialog, Menu, nativeImage, session, Tray, type WebContents } from 'electron';
import { listenToPages, pages } from '../src/channel/electron/main-transport';
import type { CloseAnswer, MenuCommand } from '../src/contract/shell';
import { CloseQuestion } from './closing';
import { followJobs, type JobSummary, noJobs } from './job-follower';
import { rememberForSystem, showMenu } from './menu';
import { notifyOfEnd } from './notifications';
import { PageConnections } from './page-connections';
import { pageRequests } from './page-requests';
import { restrictSession } from './permissions';
import { PowerKeeper, showTaskBarProgress } from './power';
import { isOwnPage, servePage } from './protocol';
import { type StudioClient, StudioProcess } from './studio-process';
import { texts } from './texts';
import { createWindow } from './window';

export interface ShellPaths {
  studio: string;
  preload: string;
  page: string;
  icon: string;
}

/** After the last job in the background, the notification can still be clicked for this long. */
const lingerMilliseconds = 5 * 60_000;

/** Joins windows, menus and the studio's process. Knows what a job is only as far as power, task bar and closing need it. */
export class Shell {
  private readonly studio: StudioProcess;
  private readonly connections: PageConnections;
  private readonly closing = new CloseQuestion();
  private readonly power = new PowerKeeper();
  private window: BrowserWindow | undefined;
  private tray: Tray | undefined;
  private jobs: JobSummary = noJobs;
  /** Set when it is decided how Descent ends; windows then close without a question. */
  private ending: Promise<void> | undefined;
  private ended = false;
  private leaving: NodeJS.Timeout | undefined;

  constructor(private readonly paths: ShellPaths) {
    this.studio = new StudioProcess(paths.studio);
    this.connections = new PageConnections(this.studio);
  }

  /** Once the app is ready. */
  start(): void {
    servePage(this.paths.page);
    restrictSession(session.defaultSession, (contents) =>
      BrowserWindow.getAllWindows().find((window) => window.webContents === contents),
    );
    this.listen();
    this.studio.onDeath = (reason) => void this.offerRestart(reason);
    this.startStudio();
    showMenu([], (command) => this.send(command));
    this.showWindow();
    app.on('activate', () => this.showWindow());
    app.on('second-instance', () => this.showWindow());
    app.on('window-all-closed', () => {
      // With a job that goes on in the background the shell stays; macOS keeps a program without windows anyway.
      if (process.platform !== 'darwin' && !this.tray) app.quit();
    });
    app.on('before-quit', (event) => {
      if (this.ended) return;
      event.preventDefault();
      void this.quit();
    });
  }

  private listen(): void {
    const answer = pageRequests(this.closing);
    listenToPages({
      accepts: (sender, url, isMainFrame) =>
        isMainFrame && isOwnPage(url) && this.windowOf(sender) !== undefined,
      onFrame: (sender, connection, message) => this.connections.forward(sender, connection, message),
      onRequest: async (sender, name, params) => {
        const window = this.windowOf(sender);
        return window ? answer(window, name, params) : undefined;
      },
      onRefused: (reason) => process.stderr.write(`${reason}\n`),
    });
  }

  private windowOf(contents: WebContents): BrowserWindow | undefined {
    return this.window && !this.window.isDestroyed() && this.window.webContents === contents
      ? this.window
      : undefined;
  }

  private startStudio(): void {
    const client = this.studio.start();
    this.connections.joinAll();
    const follow = followJobs(client, (summary, ended) => {
      this.takeJobs(summary);
      for (const job of ended) void this.tellOfEnd(job);
    });
    // A studio that is gone runs no jobs, but that is no reason to leave: its end is told elsewhere.
    void follow
      .catch((error: unknown) => process.stderr.write(`The queue can't be followed: ${String(error)}\n`))
      .then(() => this.showJobs(noJobs));
    void this.refreshRecent();
  }

  private showJobs(summary: JobSummary): void {
    this.jobs = summary;
    this.power.take(summary);
    if (this.window && !this.window.isDestroyed()) showTaskBarProgress(this.window, summary);
  }

  private takeJobs(summary: JobSummary): void {
    this.showJobs(summary);
    const isLeftAlone = this.tray !== undefined && !this.window && summary.active === 0;
    if (!isLeftAlone) {
      clearTimeout(this.leaving);
      this.leaving = undefined;
    } else this.leaving ??= setTimeout(() => void this.end('interrupt'), lingerMilliseconds);
  }

  private async tellOfEnd(job: Parameters<typeof notifyOfEnd>[0]): Promise<void> {
    if (this.window?.isFocused()) return;
    const settings = await this.studio.client?.call('studio.settings', {});
    if (settings?.notify === false) return;
    notifyOfEnd(job, () => {
      this.showWindow();
      this.send({ name: 'show-run', run: job.run });
    });
  }

  private async refreshRecent(): Promise<void> {
    const client = this.studio.client;
    if (!client) return;
    const folders = await recentFolders(client);
    showMenu(folders, (command) => this.send(command));
    rememberForSystem(folders);
  }

  private send(command: MenuCommand): void {
    this.showWindow();
    if (this.window) pages.event(this.window.webContents, { name: 'menu', command });
  }

  private showWindow(): void {
    if (this.ending) return;
    if (this.window && !this.window.isDestroyed()) {
      if (this.window.isMinimized()) this.window.restore();
      this.window.show();
      this.window.focus();
      return;
    }
    this.tray?.destroy();
    this.tray = undefined;
    clearTimeout(this.leaving);
    this.leaving = undefined;
    const { preload, icon } = this.paths;
    const window = createWindow({ preload, icon, onGiveUp: () => void this.end('interrupt') });
    this.window = window;
    showTaskBarProgress(window, this.jobs);
    window.webContents.on('dom-ready', () => {
      // A page that was loaded again has to ask anew for what its predecessor asked for.
      this.closing.watch(window, false);
      this.connections.greet(window.webContents);
    });
    // The title names the data set: a new one means that a folder was opened.
    window.on('page-title-updated', () => void this.refreshRecent());
    window.on('close', (event) => {
      if (this.ending || this.tray || this.jobs.active === 0) return;
      event.preventDefault();
      void this.decide(window, 'close');
    });
    window.once('closed', () => {
      if (this.window === window) this.window = undefined;
    });
  }

  /** Quitting from a menu or the dock: asks where something runs. */
  private async quit(): Promise<void> {
    const window = this.window;
    if (this.jobs.active === 0 || !window) await this.end('interrupt');
    else await this.decide(window, 'quit');
  }

  /** What becomes of the running jobs, by the settings or by a question, and then does it. */
  private async decide(window: BrowserWindow, wish: 'close' | 'quit'): Promise<void> {
    const client = this.studio.client;
    const { onClose } = (await client?.call('studio.settings', {}).catch(() => undefined)) ?? {
      onClose: 'ask',
    };
    let answer: CloseAnswer;
    // Who quits does not mean the background, even where closing the window does.
    const isSettled = onClose !== 'ask' && !(wish === 'quit' && onClose === 'background');
    if (isSettled) answer = onClose;
    else {
      const decision = await this.closing.ask(window, this.jobs.active);
      answer = decision.answer;
      if (decision.remember && answer !== 'cancel')
        await client?.call('studio.changeSettings', { onClose: answer });
    }
    if (answer === 'background') this.goToBackground();
    else if (answer !== 'cancel') await this.end(answer === 'stop' ? 'stop' : 'interrupt');
  }

  private goToBackground(): void {
    this.tray = new Tray(nativeImage.createFromPath(this.paths.icon).resize({ width: 22, height: 22 }));
    this.tray.setToolTip('Descent');
    this.tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: texts.show, click: () => this.showWindow() },
        { label: texts.quit, click: () => void this.end('interrupt') },
      ]),
    );
    this.tray.on('click', () => this.showWindow());
    this.window?.close();
  }

  /** Ends the studio, then the program. Running jobs write a checkpoint; with `stop` they are stopped for good. */
  end(jobs: 'interrupt' | 'stop'): Promise<void> {
    this.ending ??= (async () => {
      clearTimeout(this.leaving);
      this.window?.hide();
      await this.studio.quit(jobs);
      this.ended = true;
      this.tray?.destroy();
      app.quit();
    })();
    return this.ending;
  }

  private async offerRestart(reason: string): Promise<void> {
    if (this.ending) return;
    const { message, detail, again, quit } = texts.studioDied;
    const options = {
      type: 'error',
      message,
      detail: detail(reason),
      buttons: [again, quit],
      cancelId: 1,
    } as const;
    const mutable = { ...options, buttons: [...options.buttons] };
    const { response } = await (this.window
      ? dialog.showMessageBox(this.window, mutable)
      : dialog.showMessageBox(mutable));
    if (this.ending) return;
    if (response === 0) this.startStudio();
    else await this.end('interrupt');
  }
}

async function recentFolders(client: StudioClient) {
  try {
    const folders = await client.call('data.recent', {});
    return folders.filter(({ exists }) => exists).slice(0, 10);
  } catch {
    // A studio that is going away has no recent folders; its death is told elsewhere.
    return [];
  }
}
