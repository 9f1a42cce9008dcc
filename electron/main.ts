import { join } from 'node:path';
import { app, dialog } from 'electron';
import { restrictNavigation } from './permissions';
import { declareScheme } from './protocol';
import { Shell } from './shell';
import { texts } from './texts';

// This file is out/main/main.cjs once built.
const built = join(__dirname, '..');

/**
 * A terminal's Ctrl-C and a system that shuts down ask nothing: jobs write a checkpoint and can be resumed. Only once
 * the app is ready, since Electron puts its own handlers, which ask, over earlier ones.
 */
function endOnSignals(shell: Shell): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void shell.end('interrupt'));
  }
}

function main(): void {
  app.setName('Descent');
  if (!app.requestSingleInstanceLock()) {
    // The instance that has the lock shows its window.
    app.quit();
    return;
  }
  declareScheme();
  restrictNavigation();
  const shell = new Shell({
    studio: join(__dirname, 'studio.cjs'),
    preload: join(built, 'preload', 'preload.cjs'),
    page: join(built, 'renderer'),
    icon: join(built, '..', 'resources', 'icon.png'),
  });
  app
    .whenReady()
    .then(() => {
      endOnSignals(shell);
      shell.start();
    })
    .catch((error: unknown) => {
      dialog.showErrorBox(texts.openFailed, String(error));
      app.exit(1);
    });
}

main();
