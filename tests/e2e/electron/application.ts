import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { _electron, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { descendants, lives } from './processes';

export const root = resolve(import.meta.dirname, '../../..');

interface Runtime {
  path: string;
  args: string[];
  version: string;
  old: boolean;
}

/** The Electron that set-up found (`npm run setup`). */
function findRuntime(): Runtime {
  const file = join(root, 'node_modules', '.descent', 'setup.json');
  const runtime = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')).electron as Runtime | null)
    : null;
  if (!runtime)
    throw new Error('Set-up found no Electron here. Run `npm run setup -- --retry` with a network.');
  return runtime;
}

/** Descent in its window, with a home of its own: nothing of the person who runs the tests is read or written. */
export class Descent {
  readonly home = mkdtempSync(join(tmpdir(), 'descent-electron-'));
  readonly library = join(this.home, 'documents', 'Descent');
  /** What the page's console and the policy complained of. */
  readonly complaints: string[] = [];
  private app: ElectronApplication | undefined;
  private shown: Page | undefined;

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

  get command(): { path: string; args: string[] } {
    const { path, args } = findRuntime();
    return { path, args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...args] };
  }

  async start(): Promise<void> {
    mkdirSync(join(this.home, 'documents'), { recursive: true });
    const { path, args } = this.command;
    this.app = await _electron.launch({ executablePath: path, args, env: this.environment });
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

  get pid(): number {
    return this.application.process().pid ?? 0;
  }

  /** Processes of the studio and of engines, by the program that they run. */
  processes(program: 'studio' | 'engine'): number[] {
    return descendants(this.pid)
      .filter(({ command }) => command.includes(`${join('out', 'main', program)}.cjs`))
      .map(({ pid }) => pid);
  }

  /** Ends it if it still runs, and takes its home away. */
  async discard(): Promise<void> {
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

export const test = base.extend<{ descent: Descent }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  descent: async ({}, use, info) => {
    const descent = new Descent();
    await descent.start();
    try {
      await use(descent);
      if (info.status !== info.expectedStatus)
        await descent.page.screenshot({ path: info.outputPath('failed.png') }).catch(() => undefined);
    } finally {
      await descent.discard();
    }
  },
});

export { expect } from '@playwright/test';
