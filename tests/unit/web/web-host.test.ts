import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { maximumRequestBytes } from '../../../src/channel/common/bridge';
import { type ChannelHandlers, connectClient } from '../../../src/channel/common/channel';
import { webSocketTransport } from '../../../src/channel/node/websocket-transport';
import { startWebHost, type WebHost } from '../../../src/web/web-host';

const directory = mkdtempSync(join(tmpdir(), 'descent-web-'));
const page = join(directory, 'page');
const cancelled: string[] = [];

const handlers: ChannelHandlers = {
  async call(name, params) {
    if (name === 'fail') throw new Error('It failed on purpose.');
    return { name, params };
  },
  async *listen(name, _params, signal) {
    signal.addEventListener('abort', () => cancelled.push(name));
    for (let index = 0; index < 3; index++) yield { index, values: new Float64Array([index, index / 2]) };
    if (name === 'endless')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};
type Calls = Record<string, { params: unknown; result: { name: string; params: unknown } }>;
type Streams = Record<string, { params: unknown; event: { index: number; values: Float64Array } }>;

let host: WebHost;
let cookie: string;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A request exactly as written: fetch would mend paths and refuse to set Host. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: host.port, path, method, headers: { connection: 'close', ...headers } },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}

/** Resolves to the open socket, or to the status with which the server refused it. */
function upgrade(headers: Record<string, string>, path = '/channel'): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', (error) => {
      if (socket.readyState !== WebSocket.CLOSING) reject(error);
    });
  });
}

async function openSocket(): Promise<WebSocket> {
  const socket = await upgrade({ cookie, origin: `http://127.0.0.1:${host.port}` });
  if (typeof socket === 'number') throw new Error(`The WebSocket was refused with ${socket}.`);
  return socket;
}

beforeAll(async () => {
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Descent</title>');
  writeFileSync(join(page, 'assets', 'main.js'), 'export {};');
  writeFileSync(join(page, '.hidden'), 'hidden');
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  host = await startWebHost({ handlers, rendererDirectory: page });
  const first = await get(new URL(host.url).pathname + new URL(host.url).search);
  cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
});

afterAll(async () => {
  await host.close();
  rmSync(directory, { recursive: true });
});

describe('who is let in', () => {
  it('exchanges the token of the first address for a cookie and leads away from the token', async () => {
    const answer = await get(`/?token=${new URL(host.url).searchParams.get('token')}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    const set = answer.headers['set-cookie']?.[0] ?? '';
    expect(set).toMatch(/HttpOnly/);
    expect(set).toMatch(/SameSite=Strict/);
    expect(set).not.toContain(new URL(host.url).searchParams.get('token'));
  });

  it('serves the page to a browser that has the cookie', async () => {
    const answer = await get('/', { cookie });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<title>Descent</title>');
  });

  it.each(['/', '/index.html', '/assets/main.js', '/session', '/nothing'])(
    'refuses %s without the cookie',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(401);
      expect(answer.body).not.toContain('<title>');
    },
  );

  it('refuses a wrong token, even from a browser that has the cookie', async () => {
    expect((await get('/?token=guess')).status).toBe(403);
    expect((await get('/?token=', { cookie })).status).toBe(403);
  });

  it('refuses a made-up cookie', async () => {
    expect((await get('/', { cookie: `descent-${host.port}=guess` })).status).toBe(401);
    expect((await get('/', { cookie: `descent-${host.port}=` })).status).toBe(401);
  });

  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.1.evil.example:PORT',
    '0.0.0.0:PORT',
  ])('refuses the host %s whatever else is right', async (name) => {
    const answer = await get('/', { cookie, host: name.replace('PORT', String(host.port)) });
    expect(answer.status).toBe(403);
  });

  it('answers to localhost as well', async () => {
    expect((await get('/', { cookie, host: `localhost:${host.port}` })).status).toBe(200);
  });

  it('listens on the loopback interface alone', () => {
    expect(new URL(host.url).hostname).toBe('127.0.0.1');
  });
});

describe('what is served', () => {
  it('sends a strict policy, no sniffing and no referrer with every answer', async () => {
    for (const answer of [await get('/', { cookie }), await get('/nothing', { cookie }), await get('/')]) {
      const policy = answer.headers['content-security-policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toContain('unsafe');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
      expect(answer.headers['cache-control']).toMatch(/no-cache|no-store/);
    }
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/.hidden',
    '/assets/%00',
  ])('gives nothing outside the page for %s', async (path) => {
    const answer = await get(path, { cookie });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toMatch(/secret\n?$|hidden/);
  });

  it('answers nothing but GET and HEAD', async () => {
    expect((await get('/', { cookie }, 'POST')).status).toBe(404);
    expect((await get('/session', { cookie }, 'DELETE')).status).toBe(404);
  });

  it('says what is wrong when the page is not built', async () => {
    await expect(startWebHost({ handlers, rendererDirectory: join(directory, 'none') })).rejects.toThrow(
      /There is no page in .*none/,
    );
  });

  it('says so when the port is taken', async () => {
    await expect(startWebHost({ handlers, rendererDirectory: page, port: host.port })).rejects.toThrow(
      `Port ${host.port} is taken`,
    );
  });
});

describe('the channel', () => {
  it('refuses an upgrade of another origin, without an origin, of another host, without the cookie', async () => {
    const origin = `http://127.0.0.1:${host.port}`;
    expect(await upgrade({ cookie, origin: 'http://evil.example' })).toBe(403);
    expect(await upgrade({ cookie, origin: `http://localhost:${host.port}` })).toBe(403);
    expect(await upgrade({ cookie, origin: 'null' })).toBe(403);
    expect(await upgrade({ cookie })).toBe(403);
    expect(await upgrade({ cookie, origin: 'http://evil.example', host: 'evil.example' })).toBe(403);
    expect(await upgrade({ origin })).toBe(401);
    expect(await upgrade({ cookie: `descent-${host.port}=guess`, origin })).toBe(401);
    expect(await upgrade({ cookie, origin }, '/other')).toBe(404);
  });

  it('carries calls, errors and streams of typed arrays', async () => {
    const client = connectClient<Calls, Streams>(webSocketTransport(await openSocket()));
    const answer = await client.call('echo', { bytes: new Uint8Array([1, 2, 3]) });
    expect(answer.name).toBe('echo');
    expect([...(answer.params as { bytes: Uint8Array }).bytes]).toEqual([1, 2, 3]);
    await expect(client.call('fail', {})).rejects.toThrow('It failed on purpose.');
    const events = [];
    for await (const event of client.listen('short', {})) events.push(event);
    expect(events.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(events[2]?.values).toEqual(new Float64Array([2, 1]));
    client.close();
    await client.closed;
  });

  it('cancels the streams of a page that goes away', async () => {
    const socket = await openSocket();
    const client = connectClient<Calls, Streams>(webSocketTransport(socket));
    const stream = client.listen('endless', {});
    await stream.next();
    socket.terminate();
    await expect.poll(() => cancelled).toContain('endless');
  });

  it('closes the connection that sends what can not be read, and no other', async () => {
    const [bad, text, good] = [await openSocket(), await openSocket(), await openSocket()];
    const client = connectClient<Calls, Streams>(webSocketTransport(good));
    const ended = [bad, text].map(
      (socket) => new Promise<number>((resolve) => socket.once('close', resolve)),
    );
    bad.send(Buffer.from([0xc1, 0xff]));
    text.send('{"kind": "call"}');
    await Promise.all(ended);
    expect((await client.call('still', {})).name).toBe('still');
    client.close();
  });

  it('refuses a message above the limit', async () => {
    const socket = await openSocket();
    const code = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.send(Buffer.alloc(maximumRequestBytes + 1));
    expect([1009, 1006]).toContain(await code);
  });

  it('ends every connection when it closes', async () => {
    const other = await startWebHost({ handlers, rendererDirectory: page });
    const first = await fetch(other.url, { redirect: 'manual' });
    const socket = new WebSocket(`ws://127.0.0.1:${other.port}/channel`, {
      headers: {
        cookie: first.headers.get('set-cookie')?.split(';')[0] ?? '',
        origin: `http://127.0.0.1:${other.port}`,
      },
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await other.close();
    await gone;
    await expect(fetch(other.url)).rejects.toThrow();
  });
});
