import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelInput } from '../../../src/contract/metadata';
import { InputEncoder } from '../../../src/engine/jobs/prediction-inputs';

const table: ModelInput = {
  kind: 'table',
  columns: [
    { role: 'numeric', name: 'size', mean: 5, standardDeviation: 1 },
    { role: 'categorical', name: 'kind', values: ['flat', 'house'] },
  ],
};
const texts: ModelInput = { kind: 'texts', vocabulary: ['free', 'offer'], sequenceLength: 4 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'descent inputs ß '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function write(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const rows = (encoded: Awaited<ReturnType<InputEncoder['encode']>>) =>
  encoded.map((input) => ('values' in input ? Array.from(input.values) : input.error));

describe('inputs of a table model', () => {
  it('are the rows of a CSV file, by the names of its columns, with a byte order mark and Windows line ends', async () => {
    const path = await write('rows.csv', '\ufeffkind;extra;size\r\nhouse;1;7\r\nbarn;2;\r\nflat;3;8;9\r\n');
    const encoded = await new InputEncoder(table).encode({ type: 'file', path });
    expect(encoded.map(({ name }) => name)).toEqual([1, 2, 3].map((row) => `${path}#${row}`));
    expect(rows(encoded)).toEqual([[7, 0, 1], [5, 0, 0], 'Row 3 has 4 cells, the header 3.']);
  });

  it('are single rows', async () => {
    const encoder = new InputEncoder(table);
    expect(rows(await encoder.encode({ type: 'row', values: { size: '3', kind: 'flat' } }))).toEqual([
      [3, 1, 0],
    ]);
  });

  it('must have the columns of the model', async () => {
    const path = await write('other.csv', 'size,color\n1,red\n2,blue\n');
    expect(rows(await new InputEncoder(table).encode({ type: 'file', path }))).toEqual([
      expect.stringMatching(/other\.csv lacks the columns "kind"\. Give a file/),
    ]);
  });
});

describe('inputs of a text model', () => {
  it('are text files, texts, or the longest column of a CSV file', async () => {
    const encoder = new InputEncoder(texts);
    const file = await write('mail.txt', 'A FREE offer, free!');
    expect(rows(await encoder.encode({ type: 'file', path: file }))).toEqual([[1, 2, 3, 2]]);
    expect(rows(await encoder.encode({ type: 'text', text: 'offer' }))).toEqual([[3, 0, 0, 0]]);
    const csv = await write('mails.csv', 'label,text\nspam,an offer for free\nham,no\n');
    expect(rows(await encoder.encode({ type: 'file', path: csv }))).toEqual([
      [1, 3, 1, 2],
      [1, 0, 0, 0],
    ]);
  });

  it('say what is wrong with a file that is not there', async () => {
    const encoded = await new InputEncoder(texts).encode({ type: 'file', path: join(directory, 'none.txt') });
    expect(rows(encoded)).toEqual([expect.stringMatching(/none\.txt/)]);
  });
});
