import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import { type MenuCommand, menuPages } from '../src/contract/shell';
import { texts } from './texts';

export interface RecentItem {
  name: string;
  path: string;
}

/** The menu bar. Its commands go to the page, which knows what they mean; a key that the page handles never gets here. */
export function showMenu(recent: readonly RecentItem[], send: (command: MenuCommand) => void): void {
  const isMac = process.platform === 'darwin';
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      label: texts.file,
      submenu: [
        { label: texts.openFolder, accelerator: 'CmdOrCtrl+O', click: () => send({ name: 'open-folder' }) },
        { label: texts.openRecent, submenu: recentItems(recent, send) },
        separator,
        { label: texts.train, accelerator: 'CmdOrCtrl+Enter', click: () => send({ name: 'train' }) },
        separator,
        isMac ? { role: 'close' } : { role: 'quit', label: texts.quit, accelerator: 'Ctrl+Q' },
      ],
    },
    { role: 'editMenu', label: texts.edit },
    {
      label: texts.view,
      submenu: [
        ...menuPages.map((page, index) => ({
          label: texts.pages[page],
          accelerator: `CmdOrCtrl+${index + 1}`,
          click: () => send({ name: 'go', page }),
        })),
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        separator,
        { role: 'reload' },
        { role: 'toggleDevTools' },
      ],
    },
    ...(isMac ? [{ role: 'windowMenu' as const }] : []),
    {
      role: 'help',
      label: texts.help,
      submenu: [
        { label: texts.shortcuts, click: () => send({ name: 'shortcuts' }) },
        separator,
        { role: 'about' },
      ],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}

function recentItems(
  recent: readonly RecentItem[],
  send: (command: MenuCommand) => void,
): MenuItemConstructorOptions[] {
  if (recent.length === 0) return [{ label: texts.noRecent, enabled: false }];
  return recent.map(({ name, path }) => ({
    // An ampersand would be taken for a mark of the access key.
    label: name.replaceAll('&', '&&'),
    sublabel: path,
    click: () => send({ name: 'open-path', path }),
  }));
}

/** The system's own list of recent documents (task bar, dock). */
export function rememberForSystem(recent: readonly RecentItem[]): void {
  for (const { path } of [...recent].reverse()) app.addRecentDocument(path);
}
