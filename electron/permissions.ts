import { app, type BrowserWindow, dialog, type Session } from 'electron';
import { isOwnPage, pageScheme } from './protocol';
import { texts } from './texts';

/** What the page may do without being asked: both need a gesture of the person. */
const harmless = new Set(['fullscreen', 'clipboard-sanitized-write']);

/** What a request may go to; `devtools:` is the window of the developer tools. */
const localSchemes = new Set([`${pageScheme}:`, 'blob:', 'data:', 'devtools:', 'about:']);

/** Everything that a page could ask of the system is refused, but for the camera, which the person is asked about. */
export function restrictSession(
  session: Session,
  windowOf: (contents: unknown) => BrowserWindow | undefined,
): void {
  let cameraAllowed = false;
  session.setPermissionRequestHandler((contents, permission, callback, details) => {
    const own = isOwnPage(details.requestingUrl) && isOwnPage(contents.getURL());
    if (!own) return callback(false);
    if (harmless.has(permission)) return callback(true);
    const wanted = 'mediaTypes' in details ? details.mediaTypes : undefined;
    const isCamera = permission === 'media' && wanted?.length === 1 && wanted[0] === 'video';
    if (!isCamera || cameraAllowed) return callback(isCamera);
    const window = windowOf(contents);
    if (!window) return callback(false);
    void askForCamera(window).then((allowed) => {
      cameraAllowed = allowed;
      callback(allowed);
    });
  });
  session.setPermissionCheckHandler((_contents, permission, origin, details) => {
    if (!isOwnPage(origin)) return false;
    return (
      harmless.has(permission) || (permission === 'media' && details.mediaType === 'video' && cameraAllowed)
    );
  });
  session.setDevicePermissionHandler(() => false);
  // The page has no business on the network; what slipped past its policy ends here.
  session.webRequest.onBeforeRequest({ urls: ['<all_urls>'] }, ({ url }, callback) =>
    callback({ cancel: !localSchemes.has(url.slice(0, url.indexOf(':') + 1)) }),
  );
}

async function askForCamera(window: BrowserWindow): Promise<boolean> {
  const { message, detail, allow, deny } = texts.camera;
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message,
    detail,
    buttons: [allow, deny],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}

/** No page leaves app://descent, opens a window or embeds another page. */
export function restrictNavigation(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.on('will-navigate', (event, url) => {
      if (!isOwnPage(url)) event.preventDefault();
    });
    contents.on('will-redirect', (event, url) => {
      if (!isOwnPage(url)) event.preventDefault();
    });
  });
}
