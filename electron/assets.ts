import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { pageHeaders } from '../src/channel/common/page-policy';
import { DescentError } from '../src/contract/errors';
import { confine } from '../src/files/node/confine';

export interface Asset {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

const mediaTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** Answers one request for a file of the built page. Nothing outside `directory` is ever read; what isn't there is a 404. */
export function readAsset(directory: string, url: string): Asset {
  const headers = { ...pageHeaders(), 'cache-control': 'no-cache' };
  try {
    const { pathname } = new URL(url);
    const name = pathname === '/' ? 'index.html' : decodeURIComponent(pathname.slice(1));
    const path = confine(directory, name);
    if (!statSync(path).isFile()) return refusal(404, headers);
    const type = mediaTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
    return { status: 200, headers: { ...headers, 'content-type': type }, body: readFileSync(path) };
  } catch (error) {
    if (error instanceof DescentError && error.code === 'forbidden') return refusal(403, headers);
    if (error instanceof URIError) return refusal(400, headers);
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return refusal(404, headers);
    throw error;
  }
}

function refusal(status: number, headers: Record<string, string>): Asset {
  return { status, headers: { ...headers, 'content-type': 'text/plain' }, body: Buffer.from(`${status}\n`) };
}
