import { existsSync } from 'node:fs';
import { BrowserWindow, dialog, Menu, nativeTheme } from 'electron';
import { pageUrl } from './protocol';
import { texts } from './texts';
import { keepWindowState, readWindowState } from './window-state';

export interface WindowOptions {
  preload: string;
  icon: string;
  /** The person chose not to load a broken page again. */
  onGiveUp: () => void;
}

/** Opens the window with the page in it. Isolated, sandboxed, without Node. */
export function createWindow({ preload, icon, onGiveUp }: WindowOptions): BrowserWindow {
  const { maximized, ...bounds } = readWindowState();
  const window = new BrowserWindow({
    ...bounds,
    minWidth: 720,
    minHeight: 480,
    show: false,
    title: 'Descent',
    ...(existsSync(icon) ? { icon } : {}),
    // The page's own background, so that nothing flashes before its first picture.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#12151b' : '#f7f8fa',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      // It would fetch dictionaries from the network.
      spellcheck: false,
      // A curve that moves while the window is covered is right when it is uncovered.
      backgroundThrottling: true,
      v8CacheOptions: 'code',
    },
  });
  window.once('ready-to-show', () => {
    if (maximized) window.maximize();
    window.show();
  });
  window.on('close', () => keepWindowState(window));
  window.webContents.on('context-menu', (_event, params) => showTextMenu(window, params));
  mendBrokenPage(window, onGiveUp);
  void window.loadURL(pageUrl);
  return window;
}

/** Cut, copy and paste where there is text to edit or selected. The page's own menus keep this one away. */
function showTextMenu(window: BrowserWindow, params: Electron.ContextMenuParams): void {
  const { isEditable, editFlags, selectionText } = params;
  if (!isEditable && selectionText.trim() === '') return;
  const menu = isEditable
    ? Menu.buildFromTemplate([
        { role: 'undo', enabled: editFlags.canUndo },
        { role: 'redo', enabled: editFlags.canRedo },
        { type: 'separator' },
        { role: 'cut', enabled: editFlags.canCut },
        { role: 'copy', enabled: editFlags.canCopy },
        { role: 'paste', enabled: editFlags.canPaste },
        { type: 'separator' },
        { role: 'selectAll', enabled: editFlags.canSelectAll },
      ])
    : Menu.buildFromTemplate([{ role: 'copy' }]);
  menu.popup({ window });
}

function mendBrokenPage(window: BrowserWindow, onGiveUp: () => void): void {
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const { message, detail, again, quit } = texts.pageDied;
    void dialog
      .showMessageBox(window, {
        type: 'error',
        message,
        detail: detail(reason),
        buttons: [again, quit],
        cancelId: 0,
      })
      .then(({ response }) => {
        if (response === 1) onGiveUp();
        else if (!window.isDestroyed()) window.webContents.reload();
      });
  });
  window.on('unresponsive', () => {
    const { message, detail, wait, again } = texts.unresponsive;
    void dialog
      .showMessageBox(window, { type: 'warning', message, detail, buttons: [wait, again], cancelId: 0 })
      .then(({ response }) => {
        if (response === 1 && !window.isDestroyed()) window.webContents.reload();
      });
  });
}
