import { extname } from 'node:path';
import { DescentError, toErrorMessage } from '../../contract/errors';
import type { ModelInput } from '../../contract/metadata';
import type { PredictionInput } from '../../contract/prediction';
import { encodeRow } from '../../dataset/common/table';
import { type TextEncoder, textEncoder } from '../../dataset/common/text-encoder';
import { loadPicture } from '../../dataset/node/decode';
import { readRecords } from '../../dataset/node/read-records';
import { sniffDialect } from '../../dataset/node/table-dialect';
import { readTextFile } from '../../dataset/node/text-file';

/** One example as the model takes it, or why there is none. */
export type EncodedInput =
  | { name: string; values: Uint8Array | Float32Array | Int32Array }
  | { name: string; error: string };

const tableExtensions = new Set(['.csv', '.tsv', '.tab']);

/** Turns files, rows and texts into a model's inputs. What can't be read gives an error of its own, not of the whole. */
export class InputEncoder {
  private readonly texts: TextEncoder | undefined;

  constructor(private readonly input: ModelInput) {
    this.texts = input.kind === 'texts' ? textEncoder(input) : undefined;
  }

  async encode(given: PredictionInput): Promise<EncodedInput[]> {
    const name = nameOf(given);
    try {
      if (given.type === 'file' && this.input.kind !== 'images' && isTable(given.path))
        return await this.encodeTable(given.path);
      return [{ name, values: await this.encodeOne(given) }];
    } catch (error) {
      return [{ name, error: sentenceOf(error) }];
    }
  }

  private async encodeOne(given: PredictionInput): Promise<Uint8Array | Float32Array | Int32Array> {
    const { input } = this;
    switch (input.kind) {
      case 'images':
        if (given.type === 'file') return loadPicture(given.path, input);
        if (given.type === 'image') return loadPicture(given.bytes, input, given.name);
        break;
      case 'table':
        if (given.type === 'row') return encodeRow(input.columns, given.values);
        break;
      case 'texts':
        if (given.type === 'text') return this.encodeWords(given.text);
        if (given.type === 'file') return this.encodeWords(await readTextFile(given.path));
    }
    throw new DescentError('bad-input', `${nameOf(given)} is nothing that a model for ${input.kind} takes.`, {
      remedy: { images: 'Give a picture.', table: 'Give a row or a CSV file.', texts: 'Give a text.' }[
        input.kind
      ],
    });
  }

  private encodeWords(text: string): Int32Array | Float32Array {
    if (!this.texts) throw new Error('Only text models read words.');
    return this.texts.encode(text);
  }

  /** One example a row. A text model reads the column it was trained on, else the one with the longest texts. */
  private async encodeTable(path: string): Promise<EncodedInput[]> {
    const { input } = this;
    const dialect = await sniffDialect(path);
    const rows: string[][] = [];
    await readRecords(
      path,
      dialect,
      (cells) => rows.push(cells),
      () => {},
    );
    if (dialect.hasHeader) rows.shift();
    if (input.kind === 'table') requireColumns(path, input, dialect.header);
    const textColumn = input.kind === 'texts' ? columnOfTexts(input.column, dialect.header, rows) : -1;
    return rows.map((cells, index) => {
      const name = `${path}#${index + 1}`;
      if (cells.length !== dialect.header.length)
        return {
          name,
          error: `Row ${index + 1} has ${cells.length} cells, the header ${dialect.header.length}.`,
        };
      if (input.kind === 'table') return { name, values: encodeRow(input.columns, cells, dialect.header) };
      return { name, values: this.encodeWords(cells[textColumn] ?? '') };
    });
  }
}

function requireColumns(
  path: string,
  input: ModelInput & { kind: 'table' },
  header: readonly string[],
): void {
  const missing = input.columns.map((column) => column.name).filter((name) => !header.includes(name));
  if (missing.length === 0) return;
  throw new DescentError(
    'bad-input',
    `${path} lacks the columns ${missing.map((name) => `"${name}"`).join(', ')}.`,
    {
      subject: path,
      remedy: 'Give a file with the columns that the model was trained on.',
    },
  );
}

function columnOfTexts(trained: string | undefined, header: readonly string[], rows: string[][]): number {
  const known = trained === undefined ? -1 : header.indexOf(trained);
  return known >= 0 ? known : longestColumn(rows);
}

function longestColumn(rows: readonly string[][]): number {
  const lengths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      lengths[column] = (lengths[column] ?? 0) + cell.length;
    });
  return lengths.indexOf(Math.max(...lengths));
}

function isTable(path: string): boolean {
  return tableExtensions.has(extname(path).toLowerCase());
}

function nameOf(given: PredictionInput): string {
  switch (given.type) {
    case 'file':
      return given.path;
    case 'image':
      return given.name;
    case 'row':
      return 'row';
    case 'text':
      return 'text';
  }
}

function sentenceOf(error: unknown): string {
  const { message, remedy } = toErrorMessage(error);
  return remedy ? `${message} ${remedy}` : message;
}
