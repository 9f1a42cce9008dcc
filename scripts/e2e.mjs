// Runs the Playwright tests; on Linux without a display it starts a virtual one (Xvfb) for the Electron window.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './lib/run.mjs';
import { say } from './lib/say.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));

/** Starts Xvfb on a free display; it writes the number of that display to its third descriptor. */
function startDisplay() {
  return new Promise((settle) => {
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    let number = '';
    server.stdio[3].on('data', (chunk) => {
      number += chunk;
      if (number.endsWith('\n')) settle({ server, display: `:${number.trim()}` });
    });
    server.on('error', (error) => settle({ error: error.message }));
    server.on('exit', (status) => settle({ error: `Xvfb ended with status ${status}` }));
  });
}

async function main() {
  const environment = { ...process.env };
  let server = null;
  if (process.platform === 'linux' && !environment.DISPLAY && !environment.WAYLAND_DISPLAY) {
    const started = findProgram('Xvfb') ? await startDisplay() : { error: 'Xvfb is not installed' };
    if (started.error) say(`No display for the Electron tests: ${started.error}.`);
    else {
      server = started.server;
      environment.DISPLAY = started.display;
    }
  }
  const tests = spawn(
    process.execPath,
    [join(root, 'node_modules/@playwright/test/cli.js'), 'test', ...process.argv.slice(2)],
    {
      cwd: root,
      env: environment,
      stdio: 'inherit',
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tests.kill(signal));
  tests.on('exit', (status) => {
    server?.kill();
    process.exit(status ?? 1);
  });
}

await main();
