import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { descendants, lives } from './processes';
import { drivenRuntime, findRuntime, type Runtime } from './runtime';

/** Descent in its window, with a home of its own: nothing of the person who runs the tests is read or written. */
export class Descent {
  readonly home = mkdtempSync(join(tmpdir(), 'descent-electron-'));
  readonly library = join(this.home, 'documents', 'Descent');
  /** What the page's console and the policy complained of. */
  readonly complaints: string[] = [];
  private app: ElectronApplication | undefined;
  private shown: Page | undefined;
  /** The main process; of the last start. */
  pid = 0;

  get application(): ElectronApplication {
    if (!this.app) throw new Error('Descent was not started.');
    return this.app;
  }

  get page(): Page {
    if (!this.shown) throw new Error('Descent was not started.');
    return this.shown;
  }

  get environment(): Record<string, string> {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(process.env))
      if (value !== undefined) environment[name] = value;
    delete environment.ELECTRON_RUN_AS_NODE;
    return {
      ...environment,
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_DATA_HOME: join(this.home, 'data'),
      XDG_CACHE_HOME: join(this.home, 'cache'),
      XDG_DOCUMENTS_DIR: join(this.home, 'documents'),
      // The old runtime's own Node can't run the studio and the engine.
      ...(findRuntime().old ? { DESCENT_NODE: process.execPath } : {}),
    };
  }

  /** What a person's second start would run. */
  get command(): Runtime {
    return withoutSandboxForRoot(findRuntime());
  }

  async start(): Promise<void> {
    mkdirSync(join(this.home, 'documents'), { recursive: true });
    const { path, args } = withoutSandboxForRoot(drivenRuntime());
    // A camera to be asked for, and no graphics card to be looked for.
    const flags = [
      '--use-fake-device-for-media-stream',
      ...(process.platform === 'linux' ? ['--disable-gpu'] : []),
    ];
    const launch = { executablePath: path, args: [...flags, ...args], env: this.environment };
    this.app = await _electron.launch(launch);
    this.pid = this.app.process().pid ?? 0;
    this.take(await this.app.firstWindow());
  }

  /** Makes a window the one that is looked at. */
  take(page: Page): void {
    this.shown = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Processes of the studio and of engines, by the program that they run. */
  processes(program: 'studio' | 'engine'): number[] {
    return descendants(this.pid)
      .filter(({ command }) => command.includes(`${join('out', 'main', program)}.cjs`))
      .map(({ pid }) => pid);
  }

  /** Ends it if it still runs, and takes its home away. */
  async discard(): Promise<void> {
    if (this.pid === 0) return;
    const all = [this.pid, ...descendants(this.pid).map(({ pid }) => pid)];
    for (const pid of all) {
      try {
        if (lives(pid)) process.kill(pid, 'SIGKILL');
      } catch {
        // It ended between the question and the signal.
      }
    }
    await new Promise((done) => setTimeout(done, 200));
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Chromium refuses its sandbox to root. */
function withoutSandboxForRoot(runtime: Runtime): Runtime {
  return process.getuid?.() === 0 ? { ...runtime, args: ['--no-sandbox', ...runtime.args] } : runtime;
}

export const test = base.extend<{ descent: Descent }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  descent: async ({}, use, info) => {
    const descent = new Descent();
    try {
      await descent.start();
      await use(descent);
      if (info.status !== info.expectedStatus)
        await descent.page.screenshot({ path: info.outputPath('failed.png') }).catch(() => undefined);
    } finally {
      await descent.discard();
    }
  },
});

export { expect } from '@playwright/test';
