import { protocol } from 'electron';
import { readAsset } from './assets';

export const pageScheme = 'app';
/** The page's own origin, which alone may speak to the shell. */
export const pageOrigin = `${pageScheme}://descent`;
export const pageUrl = `${pageOrigin}/index.html`;

/** Before the app is ready. A standard, secure scheme has an origin, storage and module scripts as https has. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: pageScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ]);
}

/** Serves the built page from `directory` as app://descent/. Other hosts under the scheme are empty. */
export function servePage(directory: string): void {
  const answer = (url: string, method: string) => {
    const isOurs = isOwnPage(url) && method === 'GET';
    return readAsset(directory, isOurs ? url : `${pageOrigin}/%00`);
  };
  // Electron before 25 has no `handle`.
  if (typeof protocol.handle === 'function') {
    protocol.handle(pageScheme, (request) => {
      const { status, headers, body } = answer(request.url, request.method);
      return new Response(new Uint8Array(body), { status, headers });
    });
  } else {
    protocol.registerBufferProtocol(pageScheme, (request, callback) => {
      const { status, headers, body } = answer(request.url, request.method);
      callback({ statusCode: status, headers, data: body, mimeType: headers['content-type'] });
    });
  }
}

export function isOwnPage(url: string): boolean {
  // `origin` of a scheme that Node doesn't know is "null": compared by parts.
  try {
    const { protocol: scheme, host } = new URL(url);
    return `${scheme}//${host}` === pageOrigin;
  } catch {
    return false;
  }
}
