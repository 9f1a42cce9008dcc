import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test as base, type Page } from '@playwright/test';

export const root = resolve(import.meta.dirname, '../../..');

/** The web host as `descent --web` starts it, with a home of its own. */
export class WebHost {
  readonly home = mkdtempSync(join(tmpdir(), 'descent-web-'));
  readonly library = join(this.home, 'documents', 'Descent');
  readonly complaints: string[] = [];
  private process: ChildProcess | undefined;
  private address = '';

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, 'config'),
      XDG_DATA_HOME: join(this.home, 'data'),
      XDG_CACHE_HOME: join(this.home, 'cache'),
      XDG_DOCUMENTS_DIR: join(this.home, 'documents'),
    };
  }

  /** Runs `descent ARGS` to its end in this home. */
  async run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [join(root, 'out/main/cli.cjs'), ...args], {
      env: this.environment,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const status = await new Promise<number | null>((done) => child.on('close', done));
    return { status, stdout, stderr };
  }

  async start(): Promise<void> {
    mkdirSync(join(this.home, 'documents'), { recursive: true });
    const child = spawn(process.execPath, [join(root, 'out/main/cli.cjs'), '--web', '--no-browser'], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    this.address = await new Promise((found, failed) => {
      let words = '';
      const read = (chunk: Buffer) => {
        words += chunk;
        const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(words)?.[0];
        if (address) found(address);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', () => failed(new Error(`The web host ended: ${words}`)));
    });
  }

  async open(page: Page): Promise<void> {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    await page.goto(this.address);
  }

  async close(): Promise<void> {
    const child = this.process;
    if (child && child.exitCode === null) {
      const ended = new Promise((done) => child.on('exit', done));
      child.kill('SIGTERM');
      await Promise.race([ended, new Promise((done) => setTimeout(done, 15_000))]);
      child.kill('SIGKILL');
    }
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Takes the picture that the README shows. `npm run pictures` writes it into docs/images; an ordinary test run keeps it
 * among its own results, so that testing changes no file of the project.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.DESCENT_PICTURES
    ? join(root, 'docs', 'images')
    : join(root, 'test-results', 'images');
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  await page.mouse.move(720, 2);
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

export const test = base.extend<{ host: WebHost }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern
  host: async ({}, use) => {
    const host = new WebHost();
    await host.start();
    try {
      await use(host);
    } finally {
      await host.close();
    }
  },
});

export { expect } from '@playwright/test';
