import { createHash } from 'node:crypto';
import { DescentError } from '../../../contract/errors';

/** A SavedModel archive on the network. */
export interface HubAddress {
  /** As the person gave it, without the checksum. */
  handle: string;
  /** Where the archive itself is asked for. */
  download: string;
  /** Of the archive, if the person gave it: `#sha256=...` after the address. */
  sha256: string | undefined;
  /** The cache's name for it. */
  key: string;
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a place is an address and no path. */
export function isAddress(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place);
}

/**
 * Where the archive of a TensorFlow Hub or Kaggle address is, or of any other (`.tar.gz` as it is; else as Hub's library asks for it).
 * @throws DescentError `wrong-use` for addresses that are no https, or on Kaggle no version of a model
 */
export function hubAddress(place: string): HubAddress {
  const url = parse(place);
  requireSafe(url, place);
  const sha256 = checksumOf(url, place);
  url.hash = '';
  const handle = url.href;
  return {
    handle,
    download: downloadOf(url, place),
    sha256,
    key: createHash('sha256').update(handle).digest('hex').slice(0, 40),
  };
}

/** @throws DescentError `wrong-use` unless it is https, or http to this computer */
export function requireSafe(url: URL, subject: string): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname))) return;
  throw new DescentError(
    'wrong-use',
    `"${subject}" would be fetched over ${url.protocol.slice(0, -1)}, where anybody can change it.`,
    {
      subject,
      remedy: 'Give an address that begins with https://, or a file.',
    },
  );
}

function parse(place: string): URL {
  try {
    return new URL(place);
  } catch (cause) {
    throw new DescentError('wrong-use', `"${place}" is no address.`, { subject: place, cause });
  }
}

function checksumOf(url: URL, place: string): string | undefined {
  if (url.hash === '') return undefined;
  const found = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1];
  if (found) return found.toLowerCase();
  throw new DescentError('wrong-use', `"${url.hash}" in "${place}" is no checksum.`, {
    subject: place,
    remedy: 'Write #sha256= and 64 hexadecimal digits after the address, or nothing.',
  });
}

function downloadOf(url: URL, place: string): string {
  if (/(^|\.)kaggle\.com$/.test(url.hostname)) return kaggleDownload(url, place);
  if (/\.(tar\.gz|tgz)$/.test(url.pathname)) return url.href;
  const asked = new URL(url);
  // https://www.tensorflow.org/hub/hosting: what Hub's own library adds.
  asked.searchParams.set('tf-hub-format', 'compressed');
  return asked.href;
}

/**
 * /models/<owner>/<model>/[frameworks/]<framework>/[variations/]<variation>/[versions/]<version>, as the site's pages are, to the
 * archive of its public API.
 */
function kaggleDownload(url: URL, place: string): string {
  if (url.pathname.startsWith('/api/')) return url.href;
  const words = new Set(['frameworks', 'variations', 'versions']);
  const [models, ...parts] = url.pathname.split('/').filter((part) => part !== '' && !words.has(part));
  if (models !== 'models' || parts.length !== 5 || !/^\d+$/.test(parts[4]!))
    throw new DescentError('wrong-use', `"${place}" does not name one version of a model on Kaggle.`, {
      subject: place,
      remedy: 'Give https://www.kaggle.com/models/OWNER/MODEL/tensorFlow2/VARIATION/VERSION.',
    });
  return `${url.origin}/api/v1/models/${parts.join('/')}/download`;
}
