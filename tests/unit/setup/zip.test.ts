import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listZip, unpackZip } from '../../../scripts/lib/zip.mjs';

const hasPython = spawnSync('python3', ['--version']).status === 0;
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'descent-zip-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Builds a zip file by the letter of the format, so that also names and sums can be wrong on purpose. */
function writeZip(
  path: string,
  files: { name: string; content: Buffer; stored?: boolean; sum?: number }[],
): void {
  const locals: Buffer[] = [];
  const directoryEntries: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored = false, sum = crc32(content) } of files) {
    const data = stored ? content : deflateRawSync(content);
    const nameBytes = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(stored ? 0 : 8, 8);
    local.writeUInt32LE(sum, 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(nameBytes.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(stored ? 0 : 8, 10);
    central.writeUInt32LE(sum, 16);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(nameBytes.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, nameBytes, data);
    directoryEntries.push(central, nameBytes);
    offset += local.length + nameBytes.length + data.length;
  }
  const central = Buffer.concat(directoryEntries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  writeFileSync(path, Buffer.concat([...locals, central, end]));
}

const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * index) % 251));

describe('unpacking a wheel', () => {
  it('writes the wanted entries, packed or stored, empty or large', async () => {
    const path = join(directory, 'a.whl');
    writeZip(path, [
      { name: 'lib/large.so', content: large },
      { name: 'lib/stored.txt', content: Buffer.from('as it is'), stored: true },
      { name: 'lib/empty', content: Buffer.alloc(0) },
      { name: 'other/no.txt', content: Buffer.from('no') },
    ]);
    const names = await unpackZip(path, join(directory, 'out'), (name) => name.startsWith('lib/'));
    expect(names).toEqual(['lib/large.so', 'lib/stored.txt', 'lib/empty']);
    expect(readFileSync(join(directory, 'out/lib/large.so')).equals(large)).toBe(true);
    expect(readFileSync(join(directory, 'out/lib/stored.txt'), 'utf8')).toBe('as it is');
    expect(readFileSync(join(directory, 'out/lib/empty')).length).toBe(0);
    expect(existsSync(join(directory, 'out/other'))).toBe(false);
  });

  it.runIf(hasPython)('reads what another program packed', async () => {
    writeFileSync(join(directory, 'letter é.txt'), 'Guten Tag');
    execFileSync('python3', ['-m', 'zipfile', '-c', 'b.zip', 'letter é.txt'], { cwd: directory });
    expect(listZip(join(directory, 'b.zip')).map(({ name }) => name)).toEqual(['letter é.txt']);
    await unpackZip(join(directory, 'b.zip'), join(directory, 'out'));
    expect(readFileSync(join(directory, 'out/letter é.txt'), 'utf8')).toBe('Guten Tag');
  });

  it('notices a file that was cut short', async () => {
    const path = join(directory, 'a.whl');
    writeZip(path, [{ name: 'large', content: large }]);
    truncateSync(path, 1000);
    await expect(unpackZip(path, join(directory, 'out'))).rejects.toThrow('is not a whole zip file');
  });

  it('notices a damaged entry', async () => {
    const path = join(directory, 'a.whl');
    writeZip(path, [{ name: 'large', content: large, sum: 1 }]);
    await expect(unpackZip(path, join(directory, 'out'))).rejects.toThrow('large in');
  });

  it.each(['../outside', 'a/../../outside', '/outside', 'C:\\outside', '..\\outside'])(
    'refuses the name %s',
    async (name) => {
      const path = join(directory, 'a.whl');
      writeZip(path, [{ name, content: Buffer.from('x') }]);
      await expect(unpackZip(path, join(directory, 'out'))).rejects.toThrow('outside of its folder');
      expect(existsSync(join(directory, 'outside'))).toBe(false);
    },
  );
});
