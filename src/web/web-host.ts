import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import { maximumRequestBytes } from '../channel/common/bridge';
import type { ChannelHandlers } from '../channel/common/channel';
import { pageHeaders } from '../channel/common/page-policy';
import { serveUntrusted } from '../channel/node/guarded-transport';
import { webSocketTransport } from '../channel/node/websocket-transport';
import { DescentError } from '../contract/errors';
import { Access } from './access';
import { openInBrowser } from './open-browser';

export interface WebHostOptions {
  /** The studio behind the contract; every page gets a connection of its own. */
  handlers: ChannelHandlers;
  /** The built page: out/renderer. */
  rendererDirectory: string;
  /** 0 or nothing: any free port. */
  port?: number;
  /** A loopback address; the default is 127.0.0.1. */
  host?: '127.0.0.1' | '::1' | 'localhost';
  /** Show the page in the person's browser. */
  openBrowser?: boolean;
}

export interface WebHost {
  /** Where the page is, with the token that lets a browser in: for the person's eyes alone. */
  url: string;
  port: number;
  /** Closes every connection, then the server. The studio goes on. */
  close(): Promise<void>;
}

const channelPath = '/channel';

/**
 * Serves the page and the channel on the loopback interface.
 * @throws DescentError when the page is not built (`not-found`) or the port is taken (`busy`)
 */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  if (!existsSync(join(options.rendererDirectory, 'index.html'))) {
    throw new DescentError('not-found', `There is no page in ${options.rendererDirectory}.`, {
      remedy: 'Build it first: npm run build.',
      subject: options.rendererDirectory,
    });
  }
  let port = 0;
  const access = new Access(() => port);
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1024 });
  guard(server, access, () => port);
  server.get('/session', async (_request, reply) => reply.code(204).send());
  await server.register(fastifyStatic, {
    root: options.rendererDirectory,
    cacheControl: false,
    dotfiles: 'ignore',
    index: 'index.html',
  });
  server.setNotFoundHandler(async (_request, reply) => plain(reply, 404, 'There is nothing here.'));
  server.setErrorHandler(async (error: { statusCode?: number }, _request, reply) =>
    plain(
      reply,
      error.statusCode ?? 500,
      error.statusCode && error.statusCode < 500 ? 'This is refused.' : 'Failed.',
    ),
  );
  const closeChannels = serveChannels(server, access, options.handlers);

  const host = options.host ?? '127.0.0.1';
  try {
    await server.listen({ host, port: options.port ?? 0 });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw new DescentError(
      taken ? 'busy' : 'io',
      taken ? `Port ${options.port} is taken by another program.` : `Port ${options.port} can't be used.`,
      { remedy: 'Choose another one with --port, or leave it out.', cause: error },
    );
  }
  port = (server.server.address() as AddressInfo).port;
  const url = `http://${host === '::1' ? '[::1]' : host}:${port}/?token=${access.token}`;
  if (options.openBrowser) await openInBrowser(url);
  return {
    url,
    port,
    close: async () => {
      closeChannels();
      await server.close();
    },
  };
}

/** Every request, of whatever path, passes here first. */
function guard(server: FastifyInstance, access: Access, port: () => number): void {
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const own = access.isOwnHost(request.headers.host);
    for (const [name, value] of Object.entries(pageHeaders(own ? [`ws://${request.headers.host}`] : []))) {
      reply.header(name, value);
    }
    reply.header('cache-control', 'no-cache');
    if (!own) return plain(reply, 403, `This server answers only to http://127.0.0.1:${port()}.`);
    const token = new URL(request.url, 'http://127.0.0.1').searchParams.get('token');
    if (token !== null) {
      if (!access.isToken(token)) return plain(reply, 403, 'This address is not valid any more.');
      // Away from the token at once, so that it stays in no history entry, bookmark or Referer.
      return reply
        .header('set-cookie', access.cookie())
        .header('cache-control', 'no-store')
        .redirect('/', 303);
    }
    if (!access.hasCookie(request.headers.cookie)) {
      return plain(
        reply,
        401,
        'Open the address that Descent printed in the terminal: it lets this browser in.',
      );
    }
  });
}

function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(`${text}\n`);
}

/** WebSockets on /channel. Returns what closes them all. */
function serveChannels(server: FastifyInstance, access: Access, handlers: ChannelHandlers): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maximumRequestBytes });
  const ends = new Set<() => void>();
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = refuse(request, access);
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const end = serveUntrusted(webSocketTransport(webSocket), handlers);
      ends.add(end);
      webSocket.once('close', () => ends.delete(end));
    });
  });
  return () => {
    for (const end of ends) end();
    for (const client of sockets.clients) client.terminate();
    sockets.close();
  };
}

function refuse(request: IncomingMessage, access: Access): string | undefined {
  const { host, origin, cookie } = request.headers;
  if (!access.isOwnHost(host) || !access.isOwnOrigin(origin, host)) return '403 Forbidden';
  if (!access.hasCookie(cookie)) return '401 Unauthorized';
  if (request.url !== channelPath) return '404 Not Found';
  return undefined;
}
