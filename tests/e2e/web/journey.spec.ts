import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveFolder } from '../../support/static-server';
import { expect, picture, test } from './host';

test.setTimeout(420_000);

test('from the first start to an exported page, without touching a setting', async ({
  page,
  host,
  context,
}) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await host.open(page);

  // First start: a sample, written as an ordinary folder.
  await expect(page.getByRole('heading', { name: 'What do you want to train on?' })).toBeVisible();
  await page.getByRole('button', { name: /^Digits/ }).click();
  const train = page.getByRole('button', { name: 'Train', exact: true }).last();
  await expect(train).toBeEnabled({ timeout: 120_000 });
  await expect(page.getByText('10,000 pictures').first()).toBeVisible();
  await expect(page.locator('main img').first()).toBeVisible();
  await picture(page, 'data-light');

  // Train; curves, distributions and timings move.
  const pressed = Date.now();
  await train.click();
  await expect(page).toHaveURL(/#\/runs\//);
  const step = page.locator('.tile', { hasText: 'Step' }).first();
  await expect(step).toContainText(/[1-9]/, { timeout: 20_000 });
  test.info().annotations.push({ type: 'first step shown after', description: `${Date.now() - pressed} ms` });
  const before = await step.textContent();
  await expect.poll(() => step.textContent(), { timeout: 30_000 }).not.toBe(before);
  const canvas = page.locator('canvas').first();
  await expect(canvas).toBeVisible();
  const early = await canvas.screenshot();
  await expect.poll(async () => (await canvas.screenshot()).equals(early), { timeout: 20_000 }).toBe(false);

  // After a few epochs there is something to show; then it is stopped, which keeps the model and evaluates it.
  await expect(page.getByText(/epoch [4-9] of 10/)).toBeVisible({ timeout: 300_000 });
  await expect(page.locator('.tile', { hasText: 'Validation accuracy' })).toContainText(/0\.9\d/);
  await expect(page.locator('canvas').nth(2)).toBeVisible();
  await picture(page, 'live-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'live-dark');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  const evaluated = page.getByText('examples of the validation split');
  await expect(evaluated).toBeVisible({ timeout: 60_000 });
  await evaluated.evaluate((element) => element.scrollIntoView());
  await picture(page, 'evaluation-dark');

  // Model: look inside, try a picture.
  await page.emulateMedia({ colorScheme: 'light' });
  const rail = page.getByRole('navigation', { name: 'Pages' });
  await rail.getByRole('link', { name: 'Model' }).click();
  await expect(page.getByText('max_pooling2d', { exact: true })).toBeVisible();
  const [run] = readdirSync(host.library).filter((name) => /^\d{8}T/.test(name));
  const sample = findSample(host.home);
  await page.locator('input[type=file]').setInputFiles(sample);
  await expect(page.locator('.bars li').first()).toBeVisible({ timeout: 30_000 });
  const shown = (await page.locator('.bars li').first().getAttribute('title')) ?? '';
  await picture(page, 'model-light');

  // The command line gives the same answer for the same file.
  const answer = await host.run('predict', run ?? '', sample, '--json');
  const predicted = JSON.parse(answer.stdout.trim()) as {
    label: string;
    probabilities: Record<string, number>;
  };
  const [label, probability] = shown.split(': ');
  expect(predicted.label).toBe(label);
  expect(predicted.probabilities[predicted.label]).toBeCloseTo(Number(probability), 5);

  // Export: proven, and the page works from a plain static server.
  await rail.getByRole('link', { name: 'Export' }).click();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(page.getByText('The exported model answers as the trained one does.')).toBeVisible({
    timeout: 60_000,
  });
  await picture(page, 'export-light');
  const server = await serveFolder(join(host.library, run ?? '', 'exports', 'tfjs'));
  try {
    const exported = await context.newPage();
    await exported.goto(server.url);
    await exported.locator('#page[data-state=ready]').waitFor({ timeout: 30_000 });
    await exported.locator('input[type=file]').setInputFiles(sample);
    const first = exported.locator('#answer li').first();
    await expect(first).toHaveAttribute('data-label', predicted.label);
    const inPage = Number(await first.getAttribute('data-probability'));
    expect(Math.abs(inPage - (predicted.probabilities[predicted.label] ?? Number.NaN))).toBeLessThan(1e-4);
    await picture(exported, 'exported-page');
    await exported.close();
  } finally {
    await server.close();
  }

  // The library: this run beside another one.
  const other = await host.run(
    'train',
    join(host.home, 'documents', 'Descent samples', 'digits'),
    '--epochs',
    '4',
    '--model',
    'linear',
  );
  expect(other.status).toBe(0);
  await page.emulateMedia({ colorScheme: 'dark' });
  await rail.getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByText('2 runs', { exact: true })).toBeVisible({ timeout: 20_000 });
  await page.waitForTimeout(1500);
  await picture(page, 'runs-dark');
  expect(host.complaints).toEqual([]);
});

/** A picture of the sample, which stands beside the library. */
function findSample(home: string): string {
  const digit = join(home, 'documents', 'Descent samples', 'digits', '7');
  return join(digit, readdirSync(digit).sort()[0] ?? '');
}
