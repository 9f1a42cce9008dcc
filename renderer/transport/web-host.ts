import { openWebSocket } from '../../src/channel/browser/websocket-transport';
import type { Host } from './host';
import { LastingClient } from './lasting-client';

const firstDelayMilliseconds = 250;
const longestDelayMilliseconds = 5000;

/** A client over a WebSocket to the page's own origin, opened again (by the cookie) whenever it breaks. */
export function connectOverWebSocket(page: Location = window.location): LastingClient {
  const lasting = new LastingClient();
  const url = `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/channel`;
  void keepConnected(lasting, url);
  return lasting;
}

async function keepConnected(lasting: LastingClient, url: string): Promise<void> {
  let delay = firstDelayMilliseconds;
  while (lasting.state !== 'gone') {
    try {
      lasting.attach(await openWebSocket(url));
      delay = firstDelayMilliseconds;
      await leftConnected(lasting);
    } catch {
      // A browser does not say why a WebSocket was refused. An ordinary request does: 401 and 403 are final.
      if (await isShutOut()) {
        lasting.giveUp();
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    delay = Math.min(delay * 2, longestDelayMilliseconds);
  }
}

function leftConnected(lasting: LastingClient): Promise<void> {
  return new Promise((resolve) => {
    const end = lasting.subscribe((state) => {
      if (state === 'connected') return;
      end();
      resolve();
    });
    if (lasting.state !== 'connected') resolve();
  });
}

async function isShutOut(): Promise<boolean> {
  try {
    const answer = await fetch('/session', { cache: 'no-store' });
    return answer.status === 401 || answer.status === 403;
  } catch {
    // Nobody listens there at the moment: worth another attempt.
    return false;
  }
}

export function webHost(): Host {
  return {
    kind: 'web',
    platform: guessPlatform(navigator.userAgent),
    versions: {},
    chooseFolder: async () => null,
    chooseFile: async () => null,
    showInFolder: async () => false,
    pathOfDroppedFile: () => null,
    setTitle: (title) => {
      document.title = title;
    },
    onMenu: () => {},
    onCloseRequested: () => {},
    answerClose: () => {},
    notify: (title, body) => {
      if ('Notification' in window && Notification.permission === 'granted')
        new Notification(title, { body });
    },
  };
}

function guessPlatform(userAgent: string): string {
  if (/Mac|iPhone|iPad/.test(userAgent)) return 'darwin';
  return /Windows/.test(userAgent) ? 'win32' : 'linux';
}
