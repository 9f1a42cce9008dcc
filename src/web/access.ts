import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Who may speak to the web host. The first address carries a random token, which is exchanged for a cookie of this
 * browser; Host and Origin must be this very server, so that neither another page nor a name that was rebound to
 * 127.0.0.1 gets through. Modelled on Jupyter's server.
 */
export class Access {
  readonly token = randomBytes(24).toString('base64url');
  private readonly session = randomBytes(24).toString('base64url');

  /** `port` is that of the listening server; cookies are shared by all ports of a host, so their name carries it. */
  constructor(private readonly port: () => number) {}

  private get cookieName(): string {
    return `descent-${this.port()}`;
  }

  /** The value of a Set-Cookie header. No `Secure`: the server speaks plain HTTP on the loopback interface alone. */
  cookie(): string {
    return `${this.cookieName}=${this.session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  isToken(candidate: unknown): boolean {
    return typeof candidate === 'string' && same(candidate, this.token);
  }

  hasCookie(header: string | undefined): boolean {
    return (header ?? '').split(';').some((part) => {
      const [name, value] = part.trim().split('=', 2);
      return name === this.cookieName && value !== undefined && same(value, this.session);
    });
  }

  /** The Host header names the loopback interface and this port. */
  isOwnHost(host: string | undefined): boolean {
    const [, name, port] = /^(.*?)(?::(\d+))?$/.exec(host?.toLowerCase() ?? '') ?? [];
    return name !== undefined && loopbackNames.has(name) && Number(port ?? 80) === this.port();
  }

  /** The Origin header is this server under the name by which it was asked. A missing one is not. */
  isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
    return this.isOwnHost(host) && origin?.toLowerCase() === `http://${host?.toLowerCase()}`;
  }
}

/** Compares without telling by its duration where the two differ. */
function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
