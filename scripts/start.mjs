// `npm start -- ARGS` runs `descent ARGS`; without ARGS it opens the studio: in Electron, or else in the browser.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './lib/say.mjs';
import { readSetup } from './lib/setup-file.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const commandLine = join(root, 'out', 'main', 'cli.cjs');
/** An Electron that ends by itself this soon after its start, and not well, could not open its window. */
const START_TIME = 8_000;

/** Runs the command line in this very process: signals, standard input and the exit status are then its own. */
function runCommandLine(args) {
  const directory = process.env.INIT_CWD;
  if (directory && existsSync(directory)) process.chdir(directory);
  process.argv = [process.execPath, commandLine, ...args];
  createRequire(import.meta.url)(commandLine);
}

/** Why no window can open here; null where one can. */
function whyNoWindow(electron) {
  if (!electron) return 'no Electron was found (npm run setup -- --retry looks again)';
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return 'there is no display';
  return null;
}

function openElectron(electron, args) {
  const environment = { ...process.env };
  delete environment.ELECTRON_RUN_AS_NODE;
  // Its own Node is older than what studio and engine need: they run on this one.
  if (electron.old) environment.DESCENT_NODE = process.execPath;
  const flags = [];
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    say('Running as root: Chromium refuses its sandbox there, so it is switched off.');
    flags.push('--no-sandbox');
  }
  const started = Date.now();
  let asked = false;
  let child;
  const forward = (signal) => {
    asked = true;
    child?.kill(signal);
  };
  // Before the spawn: a signal that came between the two would end this process and leave Electron behind.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => forward(signal));
  // Standard output stays free: what Electron and Chromium print is for people.
  child = spawn(electron.path, [...flags, ...electron.args, ...args], {
    env: environment,
    stdio: ['ignore', 2, 2],
  });
  const fallBack = (reason) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
    say(`Electron could not start (${reason}): the studio opens in the browser instead.`);
    runCommandLine(['--web', ...args]);
  };
  child.on('error', (error) => fallBack(error.message));
  child.on('exit', (status, signal) => {
    if (!asked && status !== 0 && Date.now() - started < START_TIME) {
      fallBack(signal ?? `status ${status}`);
      return;
    }
    process.exit(status ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal] ?? 9));
  });
}

function main() {
  const args = process.argv.slice(2);
  if (args.length > 0) return runCommandLine(args);
  const electron = readSetup(root)?.electron ?? null;
  const reason = whyNoWindow(electron);
  if (reason === null) return openElectron(electron, []);
  say(`No window: ${reason}. The studio opens in the browser instead.`);
  return runCommandLine(['--web']);
}

main();
