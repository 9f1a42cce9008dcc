import { spawnSync } from 'node:child_process';
import { expect, test } from './application';
import { descendants, lives } from './processes';

test('opens a window with the page, isolated and without Node', async ({ descent }) => {
  const { page, application } = descent;
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  expect(page.url()).toMatch(/^app:\/\/descent\//);
  const world = await page.evaluate(() => ({
    bridge: Object.keys((window as unknown as { descent: object }).descent).sort(),
    node: ['require', 'process', 'module', 'Buffer', 'global', '__dirname'].filter((name) => name in window),
  }));
  expect(world.node).toEqual([]);
  expect(world.bridge).toEqual([
    'onClose',
    'onEvent',
    'onMessage',
    'onOpen',
    'pathOfFile',
    'platform',
    'request',
    'send',
    'versions',
  ]);
  const preferences = await application.evaluate(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    // Not in the types, but the only way to see what a window was opened with.
    const contents = window?.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
    return contents.getLastWebPreferences();
  });
  expect(preferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false });
  await page.screenshot({ path: test.info().outputPath('window.png') });
});

test('the page keeps within its policy on every page', async ({ descent }) => {
  const { page } = descent;
  await page.addInitScript(() => {
    const seen: string[] = [];
    (window as unknown as { violations: string[] }).violations = seen;
    document.addEventListener('securitypolicyviolation', (event) => {
      seen.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  await page.reload();
  const rail = page.getByRole('navigation', { name: 'Pages' });
  const entries = rail.getByRole('link');
  await expect(entries.first()).toBeVisible();
  for (let index = 0; index < (await entries.count()); index++) {
    await entries.nth(index).click();
    await page.waitForTimeout(300);
  }
  expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
  expect(descent.complaints).toEqual([]);
});

test('nothing outside the page can be reached from it', async ({ descent }) => {
  const { page, application } = descent;
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  const reached = await page.evaluate(async () => {
    const answers: Record<string, number | string> = {};
    for (const url of [
      'app://descent/..%2f..%2fpackage.json',
      'app://descent/../main/main.cjs',
      'app://elsewhere/index.html',
      'https://example.com/',
      'http://127.0.0.1:1/',
      'file:///etc/passwd',
    ]) {
      try {
        answers[url] = (await fetch(url)).status;
      } catch {
        answers[url] = 'refused';
      }
    }
    return answers;
  });
  expect(reached).toEqual({
    'app://descent/..%2f..%2fpackage.json': 403,
    'app://descent/../main/main.cjs': 404,
    'app://elsewhere/index.html': 'refused',
    'https://example.com/': 'refused',
    'http://127.0.0.1:1/': 'refused',
    'file:///etc/passwd': 'refused',
  });
  const attempts = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    const opened = window.open('app://descent/index.html');
    const microphone = await navigator.mediaDevices
      .getUserMedia({ audio: true })
      .then(() => 'granted')
      .catch(() => 'refused');
    const { state: place } = await navigator.permissions.query({ name: 'geolocation' });
    return { ran: 'ran' in window, opened: opened !== null, microphone, place };
  });
  expect(attempts).toEqual({ ran: false, opened: false, microphone: 'refused', place: 'denied' });
  await page.evaluate(() => {
    location.href = 'https://example.com/';
  });
  await page.waitForTimeout(500);
  expect(page.url()).toMatch(/^app:\/\/descent\//);
  expect(application.windows()).toHaveLength(1);
});

test('the shell refuses what is no call of its own, and reads parameters before it acts', async ({
  descent,
}) => {
  const { page } = descent;
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  const words = await page.evaluate(async () => {
    const { request } = (
      window as unknown as { descent: { request(name: string, params: unknown): Promise<unknown> } }
    ).descent;
    const attempts: [string, unknown][] = [
      ['shell.openExternal', { url: 'https://example.com' }],
      ['constructor', {}],
      ['shell.showInFolder', { path: 7 }],
      ['shell.showInFolder', { path: '../relative' }],
      ['shell.chooseFile', { filters: 'all' }],
    ];
    const answers: string[] = [];
    for (const [name, params] of attempts)
      answers.push(await request(name, params).then(String, (error: Error) => error.message));
    return answers;
  });
  expect(words[0]).toContain('no call named "shell.openExternal"');
  expect(words[1]).toContain('no call named "constructor"');
  expect(words[2]).toContain('wrong parameters');
  expect(words[3]).toContain('There is no ../relative');
  expect(words[4]).toContain('wrong parameters');
});

test('the camera is given after a question, and never together with the microphone', async ({ descent }) => {
  const { page, application } = descent;
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  const answer = (response: number) =>
    application.evaluate(({ dialog }, pressed) => {
      dialog.showMessageBox = async () => ({ response: pressed, checkboxChecked: false });
    }, response);
  const ask = (wanted: MediaStreamConstraints) =>
    page.evaluate(async (constraints) => {
      try {
        const stream = await navigator.mediaDevices.getUserMedia(constraints);
        const kinds = stream.getTracks().map(({ kind }) => kind);
        for (const track of stream.getTracks()) track.stop();
        return kinds.join();
      } catch (error) {
        return (error as Error).name;
      }
    }, wanted);
  await answer(1);
  expect(await ask({ video: true })).toBe('NotAllowedError');
  await answer(0);
  expect(await ask({ video: true, audio: true })).toBe('NotAllowedError');
  expect(await ask({ video: true })).toBe('video');
});

test('a second start shows the window of the first and ends', async ({ descent }) => {
  const { application, command, environment } = descent;
  await application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
  const second = spawnSync(command.path, command.args, {
    env: environment,
    timeout: 20_000,
    stdio: 'ignore',
  });
  expect(second.status).toBe(0);
  await expect
    .poll(() => application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible()))
    .toBe(true);
  expect(application.windows()).toHaveLength(1);
});

test('when the studio dies, it can be started again and the page goes on', async ({ descent }) => {
  const { page, application } = descent;
  const status = page.getByRole('contentinfo', { name: 'Status' });
  await expect(status).toContainText('engine: native');
  await application.evaluate(({ dialog }) => {
    // The native dialog can't be pressed by a test: its first button is "Start Again".
    dialog.showMessageBox = async () => ({ response: 0, checkboxChecked: false });
  });
  const [studio] = descent.processes('studio');
  expect(studio).toBeDefined();
  process.kill(studio ?? 0, 'SIGKILL');
  await expect.poll(() => descent.processes('studio').filter((pid) => pid !== studio).length).toBe(1);
  await expect(status).toContainText('engine: native', { timeout: 30_000 });
});

test('quits cleanly and leaves no process behind', async ({ descent }) => {
  const { page, application } = descent;
  await expect(page.getByRole('contentinfo', { name: 'Status' })).toContainText('engine: native');
  const all = [descent.pid, ...descendants(descent.pid).map(({ pid }) => pid)];
  expect(descent.processes('studio')).toHaveLength(1);
  expect(descent.processes('engine').length).toBeGreaterThan(0);
  const exit = new Promise<number | null>((done) => application.process().once('exit', done));
  await application.evaluate(({ app }) => {
    // Not awaited by the app: it may be gone before it could answer.
    setTimeout(() => app.quit(), 50);
  });
  expect(await exit).toBe(0);
  await expect.poll(() => all.filter(lives)).toEqual([]);
});
