/** Every text of the native shell: menus, dialogs, notifications. The page's own stand in renderer/locales. */
const english = {
  file: 'File',
  openFolder: 'Open Folder…',
  openRecent: 'Open Recent',
  noRecent: 'No recent folders',
  train: 'Train',
  edit: 'Edit',
  view: 'View',
  pages: {
    data: 'Data',
    train: 'Train',
    runs: 'Runs',
    model: 'Model',
    export: 'Export',
    settings: 'Settings',
  },
  help: 'Help',
  shortcuts: 'Keyboard Shortcuts',
  show: 'Show Descent',
  quit: 'Quit Descent',
  close: {
    message: (jobs: number) =>
      jobs === 1 ? 'A training job is still running.' : `${jobs} training jobs are still running or waiting.`,
    detail:
      'Going on in the background, Descent tells you when they are done. Pausing writes a checkpoint, from which the run can be resumed. Stopping ends the run with what it has learned so far.',
    background: 'Go On in the Background',
    pause: 'Pause and Quit',
    stop: 'Stop and Quit',
    cancel: 'Cancel',
    remember: 'Always do this',
  },
  studioDied: {
    message: 'The process that keeps your runs has ended unexpectedly.',
    detail: (reason: string) =>
      `${reason}\n\nEverything that was recorded is kept. A job that was running wrote a checkpoint and can be resumed.`,
    again: 'Start Again',
    quit: 'Quit',
  },
  pageDied: {
    message: 'The window has stopped working.',
    detail: (reason: string) => `Reason: ${reason}. Training is not affected.`,
    again: 'Load Again',
    quit: 'Quit',
  },
  unresponsive: {
    message: 'The window does not answer.',
    detail: 'Training is not affected.',
    wait: 'Wait',
    again: 'Load Again',
  },
  camera: {
    message: 'May Descent use the camera?',
    detail: 'The pictures go to the model that you try out, and nowhere else.',
    allow: 'Allow',
    deny: 'Not Now',
  },
  ended: {
    done: 'Training is done',
    stopped: 'Training was stopped',
    failed: 'Training failed',
    interrupted: 'Training was interrupted',
  },
  openFailed: 'Descent could not be started.',
};

export const texts = english;
