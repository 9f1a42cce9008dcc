import { existsSync } from 'node:fs';
import { type Browser, chromium } from '@playwright/test';

const candidates = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A Chromium of this machine: CHROMIUM_PATH, or where systems put it. */
export function findChromium(): string {
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (!found) throw new Error('No Chromium was found. Install it, or name it in CHROMIUM_PATH.');
  return found;
}

/** Arguments for a machine without a graphics card, and for root (whose processes Chromium refuses to sandbox). */
export function chromiumArguments(): string[] {
  const quiet = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ];
  return process.getuid?.() === 0 ? ['--no-sandbox', ...quiet] : quiet;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: chromiumArguments() });
}
