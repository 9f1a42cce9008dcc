import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readColumns, writeColumns } from '../../../src/dataset/node/columnar-file';
import { put, temporaryFolder } from './pictures';

describe('columnar files', () => {
  it('give back every typed array and the rest', async () => {
    const path = join(await temporaryFolder(), 'deeper/a.scan');
    const columns = {
      'odd bytes': Uint8Array.of(1, 2, 3),
      floats: Float64Array.of(Math.PI, Number.NaN, -0),
      words: Uint32Array.of(0xffffffff),
      none: new Int32Array(0),
      singles: Float32Array.of(1.5),
    };
    await writeColumns(path, { names: ['ä', '写'] }, columns);
    expect(await readColumns(path)).toEqual({ meta: { names: ['ä', '写'] }, columns });
  });

  it('are nothing when absent, cut short or of another kind', async () => {
    const root = await temporaryFolder();
    const path = join(root, 'a.scan');
    await writeColumns(path, {}, { floats: new Float64Array(100) });
    const whole = await readFile(path);
    expect(await readColumns(join(root, 'b.scan'))).toBeUndefined();
    for (const length of [0, 3, 15, 20, 200]) {
      await put(root, 'cut.scan', whole.subarray(0, length));
      expect(await readColumns(join(root, 'cut.scan'))).toBeUndefined();
    }
    await put(root, 'other.scan', 'a text that is long enough to have a header');
    expect(await readColumns(join(root, 'other.scan'))).toBeUndefined();
  });
});
