import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { readRecords } from '../../../src/dataset/node/read-records';
import type { Dialect } from '../../../src/dataset/node/table-dialect';
import { put, temporaryFolder } from './pictures';
import { randomNumbers } from './random';

type Way = Pick<Dialect, 'delimiter' | 'encoding' | 'newline'>;
const usual: Way = { delimiter: ',', encoding: 'utf8', newline: '\n' };

async function recordsOf(content: Buffer | string, way: Way = usual) {
  const file = join(await temporaryFolder(), 'a.csv');
  await put(join(file, '..'), 'a.csv', content);
  const bytes = await readFile(file);
  const records: { cells: string[]; text: string }[] = [];
  await readRecords(file, way, (cells, begin, end) =>
    records.push({ cells, text: bytes.subarray(begin, end).toString(way.encoding) }),
  );
  return records;
}

describe('readRecords', () => {
  it('reads like csv-parse whatever stands in the cells, across pieces of the file', async () => {
    const pieces = ['a', 'ä', '写', '😀', '"', '""', ',', '\n', '\r\n', ' ', '', '1.5', 'x"y'];
    const next = randomNumbers(2024);
    const cell = () =>
      Array.from({ length: Math.floor(next() * 4) }, () => pieces[Math.floor(next() * pieces.length)]).join(
        '',
      );
    const quoted = (text: string) =>
      /^"|[,\n\r]/.test(text) || next() < 0.3 ? `"${text.replaceAll('"', '""')}"` : text;
    const lines = Array.from({ length: 20_000 }, () =>
      Array.from({ length: 1 + Math.floor(next() * 5) }, () => quoted(cell())).join(','),
    );
    const content = lines.join('\n');
    const theirs = parse(content, {
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      record_delimiter: '\n',
    });
    const ours = (await recordsOf(content)).map(({ cells }) => cells);
    expect(content.length).toBeGreaterThan(3 * 65_536);
    expect(ours).toEqual(theirs);
  });

  it('says where each record stands, also behind a byte order mark and beyond ASCII', async () => {
    const records = await recordsOf('\ufeffa,b\r\nä,"x\r\ny"\r\n\r\n写,2\r\n');
    expect(records).toEqual([
      { cells: ['a', 'b'], text: 'a,b\r\n' },
      { cells: ['ä', 'x\r\ny'], text: 'ä,"x\r\ny"\r\n' },
      { cells: ['写', '2'], text: '写,2\r\n' },
    ]);
  });

  it('reads UTF-16, Windows-1252 letters and the line ends of old Macs', async () => {
    const wide = Buffer.from('\ufeffa\tb\n"ü\n"\t2\n', 'utf16le');
    expect(
      (await recordsOf(wide, { delimiter: '\t', encoding: 'utf16le', newline: '\n' })).map(
        ({ cells }) => cells,
      ),
    ).toEqual([
      ['a', 'b'],
      ['ü\n', '2'],
    ]);
    const western = Buffer.from('gr\xfcn;1\r', 'latin1');
    expect(
      (await recordsOf(western, { delimiter: ';', encoding: 'latin1', newline: '\r' }))[0]?.cells,
    ).toEqual(['grün', '1']);
  });

  it('names the line of a quotation that is never closed', async () => {
    const content = `a,b\n1,2\n"x\ny",3\n4,"oops\n5,6\n`;
    await expect(recordsOf(content)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('the record that begins on line 5 is never closed'),
    });
  });

  it('finds nothing in an empty file', async () => {
    expect(await recordsOf('')).toEqual([]);
  });
});
