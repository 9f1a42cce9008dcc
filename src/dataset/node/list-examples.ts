import { basename } from 'node:path';
import { type ExampleListing, type SplitName, splitName } from '../../contract/dataset';
import { splitNames } from '../common/split';
import type { Dataset, ExampleTable } from './example-table';

export interface ExampleQuestion {
  /** Only this class. */
  label?: string;
  split?: SplitName;
  /** Only the files of this finding; also those that are left out of training. */
  finding?: string;
  offset?: number;
  limit?: number;
}

const excerptCharacters = 280;

/** One page of examples (60 unless told), and how many answer the question in all. */
export async function listExamples(
  dataset: Dataset,
  question: ExampleQuestion,
): Promise<{ examples: ExampleListing[]; total: number }> {
  const offset = question.offset ?? 0;
  const end = offset + (question.limit ?? 60);
  if (question.finding !== undefined) return listFinding(dataset, question, question.finding, offset, end);
  const { examples } = dataset;
  const label = question.label === undefined ? -1 : examples.labels.indexOf(question.label);
  const split = question.split === undefined ? -1 : splitNames.indexOf(question.split);
  const page: number[] = [];
  let total = 0;
  for (let index = 0; index < examples.count; index += 1) {
    if (question.label !== undefined && examples.target[index] !== label) continue;
    if (split >= 0 && examples.split[index] !== split) continue;
    if (total >= offset && total < end) page.push(index);
    total += 1;
  }
  return { examples: await Promise.all(page.map((index) => listing(examples, index))), total };
}

async function listFinding(
  dataset: Dataset,
  { label, split }: ExampleQuestion,
  id: string,
  offset: number,
  end: number,
): Promise<{ examples: ExampleListing[]; total: number }> {
  const { summary, examples } = dataset;
  const files = summary.findings.find((finding) => finding.id === id)?.files ?? [];
  const wanted = new Set(files);
  const places = new Map<string, number>();
  for (let index = 0; index < examples.count && places.size < wanted.size; index += 1) {
    const file = examples.file(index);
    if (wanted.has(file)) places.set(file, index);
  }
  const all = files
    .map((file) => ({ file, index: places.get(file) }))
    .filter(
      ({ file, index }) =>
        (label === undefined ||
          (index === undefined ? folderOf(file) : labelOf(examples, index)) === label) &&
        (split === undefined || (index !== undefined && splitNames[examples.split[index]!] === split)),
    );
  const page = all.slice(offset, end).map(({ file, index }) =>
    index === undefined
      ? // Left out of training: it has no split of its own.
        { file, label: folderOf(file), split: splitName.enum.train }
      : listing(examples, index),
  );
  return { examples: await Promise.all(page), total: all.length };
}

function folderOf(file: string): string {
  return file.includes('/') ? basename(file.slice(0, file.lastIndexOf('/'))).normalize('NFC') : '';
}

function labelOf(examples: ExampleTable, index: number): string {
  const target = examples.target[index]!;
  return examples.task === 'classification' ? (examples.labels[target] ?? '') : String(target);
}

async function listing(examples: ExampleTable, index: number): Promise<ExampleListing> {
  const entry: ExampleListing = {
    file: examples.file(index),
    label: labelOf(examples, index),
    split: splitNames[examples.split[index]!]!,
  };
  const { images, table } = examples;
  if (images) {
    const turned = images.orientation[index]! >= 5;
    entry.width = (turned ? images.height : images.width)[index];
    entry.height = (turned ? images.width : images.height)[index];
  }
  if (examples.kind === 'texts') {
    entry.excerpt = excerptOf((await examples.text(index)).trim().replace(/\s+/g, ' '));
  }
  if (table) {
    const cells = table.row(index);
    entry.values = Object.fromEntries(table.header.map((name, column) => [name, excerptOf(cells[column]!)]));
  }
  return entry;
}

function excerptOf(text: string): string {
  return text.length > excerptCharacters ? `${text.slice(0, excerptCharacters)}…` : text;
}
