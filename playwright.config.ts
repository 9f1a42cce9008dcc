import { defineConfig } from '@playwright/test';
import { chromiumArguments, findChromium } from './tests/support/chromium';

/** Undefined (Playwright's own browser, if any) must not keep the Electron tests from running. */
function chromiumIfAny(): string | undefined {
  try {
    return findChromium();
  } catch {
    return undefined;
  }
}

// scripts/e2e.mjs starts this with a display. One worker: the tests train, and share two cores.
export default defineConfig({
  outputDir: 'test-results',
  timeout: 180_000,
  expect: { timeout: 20_000 },
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  projects: [
    {
      name: 'web',
      testDir: 'tests/e2e/web',
      use: {
        browserName: 'chromium',
        launchOptions: { executablePath: chromiumIfAny(), args: chromiumArguments() },
        viewport: { width: 1440, height: 900 },
        screenshot: 'only-on-failure',
        trace: 'retain-on-failure',
      },
    },
    { name: 'electron', testDir: 'tests/e2e/electron' },
  ],
});
