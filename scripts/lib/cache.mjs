import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';

/** Where downloaded and built natives are kept between check-outs: DESCENT_CACHE, or the system's place for caches. */
export function cacheDirectory(env = process.env, platform = process.platform, home = homedir()) {
  if (env.DESCENT_CACHE) return env.DESCENT_CACHE;
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'descent');
  if (platform === 'win32')
    return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'descent', 'Cache');
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(home, '.cache');
  return join(base, 'descent');
}

/** Replaces a file in one step: written beside, flushed, renamed. */
export function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const file = openSync(beside, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

/** Reads a JSON file; null where it is absent or torn. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

export function processLives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Makes a directory `<cache>/<name>` in one step: `fill` writes into a staging directory, which is then renamed.
 * Whoever is killed in the middle leaves only a staging directory (swept by the next one); of two at once, the first
 * to finish wins and the other takes that one's result.
 * @param {string} cache
 * @param {string} name
 * @param {(staging: string) => Promise<void>} fill throws to give up; nothing is published then
 * @returns {Promise<string>} the published directory
 */
export async function publish(cache, name, fill) {
  const target = join(cache, name);
  const stagings = join(cache, 'staging');
  sweep(stagings);
  const staging = join(stagings, `${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(staging, { recursive: true });
  try {
    await fill(staging);
    mkdirSync(dirname(target), { recursive: true });
    try {
      renameSync(staging, target);
    } catch (error) {
      if (!existsSync(target)) throw error;
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return target;
}

const DAY = 24 * 3_600_000;

function sweep(stagings) {
  if (!existsSync(stagings)) return;
  for (const name of readdirSync(stagings)) {
    const path = join(stagings, name);
    const pid = Number.parseInt(name, 10);
    let age = 0;
    try {
      age = Date.now() - statSync(path).mtimeMs;
    } catch {
      continue;
    }
    // A cache on a network disk may hold another machine's staging: its pid tells nothing, so it also has to be old.
    if (age > DAY || (age > 3_600_000 && !processLives(pid))) rmSync(path, { recursive: true, force: true });
  }
}

const HEARTBEAT = 3_000;
const STALE_AFTER = 30_000;

function lockIsStale(path) {
  let age = 0;
  try {
    age = Date.now() - statSync(path).mtimeMs;
  } catch {
    return false;
  }
  if (age > STALE_AFTER) return true;
  const owner = readJson(path);
  return owner !== null && owner.host === hostname() && !processLives(owner.pid);
}

/** Moves a stale lock away; a fresh lock that slipped in between is put back. */
function clearStale(path) {
  const seen = readJson(path)?.token;
  const aside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readJson(aside)?.token !== seen && !existsSync(path)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

/**
 * Runs `work` while holding a lock file; waits for another holder. A holder that died (its process is gone, or its
 * heartbeat stopped half a minute ago) is passed over.
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} work
 * @param {{waiting?: () => void}} options waiting is called once if another one holds it
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { waiting } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const token = randomBytes(8).toString('hex');
  const text = JSON.stringify({ pid: process.pid, host: hostname(), token });
  let told = false;
  for (;;) {
    try {
      writeFileSync(path, text, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (lockIsStale(path)) {
      clearStale(path);
      continue;
    }
    if (!told) waiting?.();
    told = true;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  const release = () => {
    if (readJson(path)?.token === token) {
      try {
        unlinkSync(path);
      } catch {
        // Somebody else cleared it as stale.
      }
    }
  };
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // Cleared by somebody who thought us dead; the work itself is safe against two at once.
    }
  }, HEARTBEAT);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.removeListener('exit', release);
    release();
  }
}

/** The lock of one check-out. It stands in the cache, since node_modules is replaced under it. */
export function projectLock(cache, root) {
  return join(cache, 'locks', `${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`);
}

/**
 * Remembers what failed lately (a download without a network), so that the next start does not wait for it again.
 * Kept in `<cache>/attempts.json` as {name: {at, reason}}.
 */
export class Attempts {
  constructor(cache, { retry = false, now = Date.now, memory = DAY } = {}) {
    this.path = join(cache, 'attempts.json');
    this.retry = retry;
    this.now = now;
    this.memory = memory;
  }

  /** The reason of a failure within the last day; null where there was none or where a new attempt was asked for. */
  lately(name) {
    if (this.retry) return null;
    const last = readJson(this.path)?.[name];
    return last && this.now() - last.at < this.memory && this.now() >= last.at ? last.reason : null;
  }

  failed(name, reason) {
    writeWhole(
      this.path,
      JSON.stringify({ ...readJson(this.path), [name]: { at: this.now(), reason } }, null, 2),
    );
  }

  worked(name) {
    const all = readJson(this.path);
    if (!all?.[name]) return;
    delete all[name];
    writeWhole(this.path, JSON.stringify(all, null, 2));
  }
}
