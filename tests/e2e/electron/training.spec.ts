import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Descent, expect, test } from './application';
import { descendants, lives } from './processes';

test.setTimeout(300_000);

interface RunFile {
  status: string;
  failure?: { message: string; signal?: string };
  progress: { step: number; totalSteps: number };
}

function runs(descent: Descent): string[] {
  return readdirSync(descent.library).filter((name) => /^\d{8}T/.test(name));
}

function readRun(descent: Descent): RunFile {
  const [id] = runs(descent);
  return JSON.parse(readFileSync(join(descent.library, id ?? '', 'run.json'), 'utf8'));
}

/** From the first start: writes the digits sample, presses Train and waits for the first steps. */
async function trainSample({ page }: Descent): Promise<void> {
  await page.getByRole('button', { name: /^Digits/ }).click();
  const train = page.getByRole('button', { name: 'Train', exact: true }).last();
  await expect(train).toBeEnabled({ timeout: 120_000 });
  await train.click();
  await expect(page).toHaveURL(/#\/runs\//);
  await expect(page.locator('.tile', { hasText: 'Step' }).first()).toContainText(/[1-9]/, {
    timeout: 60_000,
  });
}

/** The native dialog can't be pressed by a test: it answers with this button, and what it said is kept. */
async function answerDialogs({ application }: Descent, button: string, remember = false): Promise<void> {
  await application.evaluate(
    ({ dialog }, [wanted, checkboxChecked]) => {
      const heard: string[] = [];
      (globalThis as unknown as { heard: string[] }).heard = heard;
      const answer = async (...args: unknown[]) => {
        const { message, buttons } = args.at(-1) as { message: string; buttons: string[] };
        heard.push(message);
        return { response: buttons.indexOf(wanted), checkboxChecked };
      };
      dialog.showMessageBox = answer as typeof dialog.showMessageBox;
    },
    [button, remember] as const,
  );
}

/** Starting Descent again brings the window of the running one back. */
async function reopen(descent: Descent): Promise<void> {
  const reopened = descent.application.waitForEvent('window');
  await descent.application.evaluate(({ app }) => {
    app.emit('second-instance');
  });
  descent.take(await reopened);
}

const heard = ({ application }: Descent) =>
  application.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
const closeWindow = ({ application }: Descent) =>
  application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
const keepsAwake = ({ application }: Descent) =>
  application.evaluate(({ powerSaveBlocker }) =>
    [0, 1, 2, 3, 4].some((id) => powerSaveBlocker.isStarted(id)),
  );

test('trains the sample over IPC with moving curves; a killed engine fails the run and nothing else', async ({
  descent,
}) => {
  const { page } = descent;
  expect(await keepsAwake(descent)).toBe(false);
  await trainSample(descent);
  const step = page.locator('.tile', { hasText: 'Step' }).first();
  const before = await step.textContent();
  await expect.poll(() => step.textContent(), { timeout: 60_000 }).not.toBe(before);
  const canvas = page.locator('canvas').first();
  await expect(canvas).toBeVisible();
  const early = await canvas.screenshot();
  await expect.poll(async () => (await canvas.screenshot()).equals(early), { timeout: 60_000 }).toBe(false);
  expect(await keepsAwake(descent)).toBe(true);
  await page.screenshot({ path: test.info().outputPath('live.png') });

  const [studio] = descent.processes('studio');
  const engines = descent.processes('engine');
  expect(engines.length).toBeGreaterThan(0);
  for (const engine of engines) process.kill(engine, 'SIGKILL');
  const alert = page.getByRole('alert');
  await expect(alert).toBeVisible({ timeout: 30_000 });
  await expect(alert).toContainText('SIGKILL');
  await page.screenshot({ path: test.info().outputPath('failed-run.png') });
  await expect.poll(() => readRun(descent).status).toBe('failed');
  expect(readRun(descent).failure?.signal).toBe('SIGKILL');
  // Shell, page and studio are as they were, and the next answer comes from the same studio.
  expect(descent.processes('studio')).toEqual([studio]);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByRole('main').getByText('failed').first()).toBeVisible();
  await expect.poll(() => keepsAwake(descent)).toBe(false);
  expect(descent.complaints).toEqual([]);

  const all = [descent.pid, ...descendants(descent.pid).map(({ pid }) => pid)];
  await closeWindow(descent);
  await expect.poll(() => all.filter(lives), { timeout: 30_000 }).toEqual([]);
});

test('closing the window during a job asks; it goes on in the background, and the window comes back to it', async ({
  descent,
}) => {
  await trainSample(descent);
  await answerDialogs(descent, 'Cancel');
  await closeWindow(descent);
  await expect.poll(() => heard(descent)).toEqual(['A training job is still running.']);
  expect(descent.application.windows()).toHaveLength(1);

  await answerDialogs(descent, 'Go On in the Background', true);
  await closeWindow(descent);
  await expect.poll(() => descent.application.windows().length).toBe(0);
  const { step } = readRun(descent).progress;
  expect(await keepsAwake(descent)).toBe(true);

  await reopen(descent);
  await expect(descent.page.getByRole('contentinfo', { name: 'Status' })).toContainText(/epoch \d+ of/);
  expect(readRun(descent).status).toBe('running');
  expect(readRun(descent).progress.step).toBeGreaterThanOrEqual(step);

  // The answer was to be kept: closing asks no more, quitting does.
  await answerDialogs(descent, 'Pause and Quit');
  await closeWindow(descent);
  await expect.poll(() => descent.application.windows().length).toBe(0);
  expect(await heard(descent)).toEqual([]);
  await reopen(descent);
  await expect(descent.page.getByRole('contentinfo', { name: 'Status' })).toContainText(/epoch \d+ of/);
  const all = [descent.pid, ...descendants(descent.pid).map(({ pid }) => pid)];
  await descent.application.evaluate(({ app }) => {
    setTimeout(() => app.quit(), 50);
  });
  await expect.poll(() => all.filter(lives), { timeout: 90_000 }).toEqual([]);
  expect(readRun(descent).status).toBe('interrupted');
  const [run] = runs(descent);
  expect(readdirSync(join(descent.library, run ?? '', 'checkpoints')).length).toBeGreaterThan(0);
});

test('a Descent that is told to end by a signal saves a checkpoint without a question', async ({
  descent,
}) => {
  await trainSample(descent);
  const all = [descent.pid, ...descendants(descent.pid).map(({ pid }) => pid)];
  process.kill(descent.pid, 'SIGTERM');
  await expect.poll(() => all.filter(lives), { timeout: 90_000 }).toEqual([]);
  expect(readRun(descent).status).toBe('interrupted');
  const [run] = runs(descent);
  expect(readdirSync(join(descent.library, run ?? '', 'checkpoints')).length).toBeGreaterThan(0);
});

test('a Descent that is killed leaves no process, and its run can be resumed', async ({ descent }) => {
  await trainSample(descent);
  const others = descendants(descent.pid).map(({ pid }) => pid);
  process.kill(descent.pid, 'SIGKILL');
  await expect.poll(() => others.filter(lives), { timeout: 90_000 }).toEqual([]);
  expect(readRun(descent).status).toBe('interrupted');
  await descent.start();
  await descent.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).click();
  await expect(descent.page.getByRole('main').getByText('interrupted').first()).toBeVisible({
    timeout: 30_000,
  });
});
