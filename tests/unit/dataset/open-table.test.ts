import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../../src/contract/dataset';
import { encodeRow } from '../../../src/dataset/common/table';
import type { Dataset } from '../../../src/dataset/node/example-table';
import { listExamples } from '../../../src/dataset/node/list-examples';
import { assertTrainable, openDataset } from '../../../src/dataset/node/open';
import { put, temporaryFolder } from './pictures';
import { randomNumbers } from './random';

async function open(
  path: string,
  options: Partial<DatasetOptions> = {},
  cacheDirectory?: string,
): Promise<Dataset> {
  return openDataset(path, options, { cacheDirectory: cacheDirectory ?? (await temporaryFolder('cache')) });
}

async function openCsv(content: string | Buffer, options: Partial<DatasetOptions> = {}, name = 'data.csv') {
  const root = await temporaryFolder();
  await put(root, name, content);
  return open(root, options);
}

const findingOf = ({ summary }: Dataset, id: string) => summary.findings.find((finding) => finding.id === id);
const columnOf = ({ summary }: Dataset, name: string) =>
  summary.table?.columns.find((column) => column.name === name);
const rolesOf = ({ summary }: Dataset) =>
  Object.fromEntries(summary.table!.columns.map(({ name, role }) => [name, role]));

/** 60 flowers in a table with an id, two numbers, a category, and the species. */
function flowers(delimiter = ',', end = '\n', decimal = '.'): string {
  const next = randomNumbers(3);
  const rows = Array.from({ length: 60 }, (_, index) => {
    const species = ['setosa', 'virginica', 'versicolor'][index % 3]!;
    const length = (1 + (index % 3) * 2 + next()).toFixed(2).replace('.', decimal);
    const width = (next() * 3).toFixed(3).replace('.', decimal);
    return [String(index + 1), length, width, next() < 0.5 ? 'north' : 'south', species].join(delimiter);
  });
  return [['id', 'length', 'width', 'side', 'species'].join(delimiter), ...rows].join(end) + end;
}

describe('a table', () => {
  it('guesses header, types, target and task', async () => {
    const dataset = await openCsv(flowers());
    expect(dataset.summary).toMatchObject({ kind: 'table', task: 'classification', exampleCount: 60 });
    expect(dataset.summary.table).toMatchObject({
      file: 'data.csv',
      delimiter: ',',
      rows: 60,
      target: 'species',
    });
    expect(rolesOf(dataset)).toEqual({
      id: 'ignored',
      length: 'numeric',
      width: 'numeric',
      side: 'categorical',
      species: 'target',
    });
    expect(dataset.examples.labels).toEqual(['setosa', 'versicolor', 'virginica']);
    expect(findingOf(dataset, 'identifier-column:id')?.severity).toBe('notes');
    expect(columnOf(dataset, 'species')?.values?.map(({ count }) => count)).toEqual([20, 20, 20]);
    expect(columnOf(dataset, 'length')?.histogram?.reduce((sum, count) => sum + count)).toBe(60);
    assertTrainable(dataset.summary);
  });

  it('is the same with Windows line ends, a byte order mark, tabs, semicolons or decimal commas', async () => {
    const plain = await openCsv(flowers());
    const indices = Int32Array.from({ length: 60 }, (_, index) => index);
    const variants: [string | Buffer, string][] = [
      [flowers(',', '\r\n'), 'data.csv'],
      [`\ufeff${flowers()}`, 'data.csv'],
      [`\ufeff${flowers('\t', '\r\n')}`, 'data.tsv'],
      [flowers(';', '\n', ','), 'data.csv'],
      [flowers('|'), 'data.csv'],
      [flowers(',', '\r'), 'data.csv'],
      [Buffer.from(`\ufeff${flowers('\t')}`, 'utf16le'), 'data.tsv'],
    ];
    for (const [content, name] of variants) {
      const dataset = await openCsv(content, {}, name);
      expect(rolesOf(dataset)).toEqual(rolesOf(plain));
      const columns = plain.examples.table!.columns;
      const own = columns.map((column) => {
        const found = dataset.examples.table!.columns.find(({ name }) => name === column.name)!;
        return column.role === 'numeric' && found.role === 'numeric'
          ? { ...column, decimalComma: found.decimalComma }
          : column;
      });
      expect(dataset.examples.table!.encode(indices, own)).toEqual(
        plain.examples.table!.encode(indices, columns),
      );
      expect(dataset.examples.labels).toEqual(plain.examples.labels);
      expect(dataset.summary.findings).toEqual(plain.summary.findings);
    }
  });

  it('encodes in bulk what encodeRow encodes row by row, missing and odd values too', async () => {
    const content =
      'a,colour,b,y\n1,red,x1,p\n2,,3,q\n,blue,4,p\n1e2,red,5,q\n"1,000",blue,6,p\nnan,green,7,q\n'.replace(
        'x1',
        '2',
      );
    const { examples } = await openCsv(content + '8,red,9,p\n'.repeat(3), {
      columns: { a: 'numeric', colour: 'categorical', b: 'categorical' },
    });
    const { table } = examples;
    const indices = Int32Array.from({ length: examples.count }, (_, index) => examples.count - 1 - index);
    const bulk = table!.encode(indices);
    const single = [...indices].flatMap((index) => [
      ...encodeRow(table!.columns, table!.row(index), table!.header),
    ]);
    expect([...bulk]).toEqual(single);
    expect(bulk.some(Number.isNaN)).toBe(false);
    const numeric = table!.columns.find(({ name }) => name === 'a');
    const values = [...examples.indices('train')]
      .map((index) => Number(table!.row(index)[0]!.replace(',', '')))
      .filter((value) => value > 0);
    expect(numeric).toMatchObject({
      role: 'numeric',
      mean: expect.closeTo(values.reduce((sum, value) => sum + value) / values.length, 6),
    });
  });

  it('names ragged rows by their number and leaves them out', async () => {
    const lines = flowers().split('\n');
    lines[3] = '3,1.0,2.0';
    lines[10] = `${lines[10]},extra`;
    const dataset = await openCsv(lines.join('\n'));
    const finding = findingOf(dataset, 'ragged-row');
    expect(finding).toMatchObject({ severity: 'warns', files: ['row:3', 'row:10'], leftOut: true });
    expect(finding?.message).toContain('row 3 (3 cells), row 10 (6 cells)');
    expect(finding?.reasons).toEqual(['3 cells, where the header has 5', '6 cells, where the header has 5']);
    expect(dataset.summary).toMatchObject({ exampleCount: 58, table: { rows: 60 } });
    expect(dataset.examples.file(2)).toBe('row:4');
    expect(dataset.examples.table!.row(2)).toEqual(lines[4]!.split(','));
  });

  it('reads quoted line breaks and gives rows back as they stand', async () => {
    const rows = Array.from(
      { length: 30 },
      (_, index) =>
        `"note ${index}\nsecond ""line"", with comma",${index * 2},${index % 2 ? 'ja' : 'nein'}\r\n`,
    );
    const { examples } = await openCsv(`größe,zahl,antwort\r\n${rows.join('')}`);
    expect(examples.count).toBe(30);
    expect(examples.table!.row(7)).toEqual(['note 7\nsecond "line", with comma', '14', 'ja']);
    expect(examples.table!.row(29)[1]).toBe('58');
  });

  it('reports missing, unparsable, constant and repeated values', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => {
      const number = index === 40 ? 'oops' : index % 4 === 0 ? 'NA' : String(index * 1.5);
      return `${number},${index * 0.25},same,${index % 2 ? 'yes' : 'no'}`;
    });
    const dataset = await openCsv(
      `number,other,constant,label\n${rows.join('\n')}\n${rows[7]}\n7.5,1,same,\n`,
    );
    expect(findingOf(dataset, 'missing-values:number')).toMatchObject({ severity: 'notes', fileCount: 24 });
    expect(findingOf(dataset, 'unparsable-value:number')).toMatchObject({
      files: ['row:41'],
      severity: 'warns',
    });
    expect(findingOf(dataset, 'constant-column:constant')?.severity).toBe('notes');
    expect(findingOf(dataset, 'duplicate')).toMatchObject({ files: ['row:101'], severity: 'notes' });
    expect(findingOf(dataset, 'missing-values:label')).toMatchObject({ files: ['row:102'], leftOut: true });
    expect(dataset.summary.exampleCount).toBe(101);
    const excluded = await open(join(dataset.examples.path(0)), { excluded: ['row:41', 'row:101'] });
    expect(excluded.summary.exampleCount).toBe(99);
  });

  it('lets roles and task be changed', async () => {
    const root = await temporaryFolder();
    await put(root, 'data.csv', flowers());
    const changed = await open(root, { columns: { length: 'target', side: 'ignored', id: 'numeric' } });
    expect(changed.summary).toMatchObject({ task: 'regression', classes: [], table: { target: 'length' } });
    expect(rolesOf(changed)).toEqual({
      id: 'numeric',
      length: 'target',
      width: 'numeric',
      side: 'ignored',
      species: 'categorical',
    });
    expect(columnOf(changed, 'species')?.guessedRole).toBe('target');
    expect(changed.examples.target).toBeInstanceOf(Float32Array);
    expect(changed.examples.target[4]).toBeCloseTo(Number(changed.examples.table!.row(4)[1]), 5);
    const impossible = await open(root, { columns: { species: 'target' }, task: 'regression' });
    expect(impossible.summary.findings[0]).toMatchObject({ kind: 'no-target', severity: 'blocks' });
    expect(() => assertTrainable(impossible.summary)).toThrow(/does not hold numbers/);
  });

  it('knows a table without a header, and one with row names of R', async () => {
    const bare = await openCsv(
      Array.from({ length: 20 }, (_, index) => `${index * 1.1},${index % 2 ? 'a' : 'b'}`).join('\n'),
    );
    expect(bare.summary.table?.columns.map(({ name }) => name)).toEqual(['column_1', 'column_2']);
    expect(bare.summary.exampleCount).toBe(20);
    const named = await openCsv('length,kind\nr1,1.5,a\nr2,2.5,b\nr3,3.5,a\nr4,1.0,b\n');
    expect(named.summary.table?.columns.map(({ name }) => name)).toEqual(['row', 'length', 'kind']);
    expect(rolesOf(named).row).toBe('ignored');
  });

  it('takes a small whole-number target for classes and others for quantities', async () => {
    const rows = (target: (index: number) => string) =>
      `x,y\n${Array.from({ length: 200 }, (_, index) => `${index * 0.7},${target(index)}`).join('\n')}`;
    expect((await openCsv(rows((index) => String(index % 3)))).summary.task).toBe('classification');
    expect((await openCsv(rows((index) => (index * 0.31).toFixed(2)))).summary.task).toBe('regression');
    expect((await openCsv(rows((index) => String(index)))).summary.task).toBe('regression');
  });

  it('moves no other row when one is added', async () => {
    const root = await temporaryFolder();
    await put(root, 'data.csv', flowers());
    const before = (await open(root)).examples;
    await appendFile(join(root, 'data.csv'), '61,3.3,1.1,north,setosa\n');
    const after = (await open(root)).examples;
    expect(after.count).toBe(61);
    expect([...after.split.subarray(0, 60)]).toEqual([...before.split]);
  });

  it('says exactly what is wrong with a file that is no usable table', async () => {
    const cases: [string, RegExp][] = [
      ['', /nothing \(0 bytes\)/],
      ['a,b\n', /no rows/],
      ['a,y\n1,same\n2,same\n3,same\n', /too few|one value only|No column is the target|at least two/],
      ['a,y\n1,p\n', /./],
    ];
    for (const [content, reason] of cases) {
      const dataset = await openCsv(content);
      expect(() => assertTrainable(dataset.summary), content).toThrow(reason);
    }
    await expect(openCsv('a,b\n1,"2\n3,4\n')).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('line 2'),
    });
  });

  it('opens the one table of a folder, or the one named train, and notes the rest', async () => {
    const root = await temporaryFolder('mit Leerzeichen ü');
    await put(root, 'zusatz.csv', `${flowers()}${flowers().split('\n').slice(1).join('\n')}`);
    await put(root, 'train.csv', flowers());
    await put(root, 'readme.txt', 'x');
    const dataset = await open(root);
    expect(dataset.summary.table?.file).toBe('train.csv');
    expect(dataset.examples.path(3)).toBe(join(root, 'train.csv'));
    expect(findingOf(dataset, 'ignored-files')?.files).toEqual(['readme.txt', 'zusatz.csv']);
  });

  it('lists rows with their cells', async () => {
    const dataset = await openCsv(flowers());
    const { examples, total } = await listExamples(dataset, { label: 'setosa', offset: 1, limit: 1 });
    expect(total).toBe(20);
    expect(examples[0]).toMatchObject({
      file: 'row:4',
      label: 'setosa',
      values: { id: '4', species: 'setosa' },
    });
  });

  it('takes a column of sentences for texts', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, index) => `${index % 2 ? 'spam' : 'ham'},"Hello number ${index}, how are you, friend?"`,
    );
    const dataset = await openCsv(`label,message\n${rows.join('\n')}\n`);
    expect(dataset.summary).toMatchObject({
      kind: 'texts',
      task: 'classification',
      texts: { column: 'message' },
    });
    expect(dataset.summary.texts?.words).toEqual({ minimum: 7, median: 7, maximum: 7 });
    expect(await dataset.examples.text(3)).toBe('Hello number 3, how are you, friend?');
    const { examples } = await listExamples(dataset, { limit: 1 });
    expect(examples[0]?.values).toEqual({ label: 'ham', message: 'Hello number 0, how are you, friend?' });
    expect(dataset.examples.labels).toEqual(['ham', 'spam']);
    const tabular = await open(dataset.examples.path(0), { columns: { message: 'ignored' } });
    expect(tabular.summary.kind).toBe('table');
  });

  it('reads a million rows into typed columns, and the second time from the cache', {
    timeout: 180_000,
  }, async () => {
    const root = await temporaryFolder();
    const file = join(root, 'million.csv');
    const stream = createWriteStream(file);
    const next = randomNumbers(11);
    stream.write('a,b,c,town,target\n');
    for (let block = 0; block < 1000; block += 1) {
      let text = '';
      for (let row = 0; row < 1000; row += 1)
        text += `${next().toFixed(5)},${(next() * 100).toFixed(2)},${Math.floor(next() * 900)},t${Math.floor(next() * 40)},${next() < 0.5 ? 'yes' : 'no'}\n`;
      if (!stream.write(text)) await once(stream, 'drain');
    }
    stream.end('1,2,3\n');
    await once(stream, 'close');
    const cache = await temporaryFolder('cache');
    const stages = new Set<string>();
    const before = process.memoryUsage().rss;
    const first = await openDataset(
      file,
      {},
      { cacheDirectory: cache, onProgress: ({ stage }) => stages.add(stage) },
    );
    expect(first.summary).toMatchObject({
      exampleCount: 1_000_000,
      task: 'classification',
      table: { rows: 1_000_001 },
    });
    expect(findingOf(first, 'ragged-row')?.files).toEqual(['row:1000001']);
    expect(stages).toContain('parsing');
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(700);
    expect(first.summary.splits.validation / 1_000_000).toBeCloseTo(0.2, 2);
    const encoded = first.examples.table!.encode(Int32Array.of(999_999));
    expect([...encoded]).toEqual([
      ...encodeRow(
        first.examples.table!.columns,
        first.examples.table!.row(999_999),
        first.examples.table!.header,
      ),
    ]);
    const started = performance.now();
    const second = await open(file, {}, cache);
    expect(second.summary.fromCache).toBe(true);
    expect(second.summary.fingerprint).toBe(first.summary.fingerprint);
    expect(performance.now() - started).toBeLessThan(Math.max(5000, first.summary.scanMilliseconds));
  });
});
