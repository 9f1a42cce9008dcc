import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ClassSummary, DatasetOptions, DatasetSummary, Spread } from '../../contract/dataset';
import { divide, splitPosition, testSplit, trainSplit, validationSplit } from '../common/split';
import type { Likenesses } from './duplicates';
import { absolutePath, type Dataset, type ExampleTable, indicesOf } from './example-table';
import type { FileFacts } from './file-facts';
import { addFileFindings } from './file-findings';
import { FindingList } from './findings';
import type { Layout } from './layout';
import { pictureFormats } from './picture-format';
import { uprightSize } from './picture-size';
import { readTextFile } from './text-file';

/** The usable files: their places in the layout, in order, with class and split. */
export interface UsableFiles {
  places: Int32Array;
  labels: string[];
  target: Int32Array;
  split: Uint8Array;
}

/** Applies the options to what was read: which files are examples, of which class, in which split. */
export function selectFiles(layout: Layout, facts: FileFacts, options: DatasetOptions): UsableFiles {
  const excluded = new Set(options.excluded);
  const chosen: number[] = [];
  layout.candidates.forEach((candidate, index) => {
    if (facts.stateOf(index) === 'usable' && !excluded.has(candidate.file)) chosen.push(index);
  });
  const places = Int32Array.from(chosen);
  const present = new Set(chosen.map((index) => layout.candidates[index]!.label));
  const labels = layout.classFolders.filter((name) => present.has(name));
  const codes = new Map(labels.map((name, code) => [name, code]));
  const target = places.map((index) => codes.get(layout.candidates[index]!.label)!);
  const positions = new Float64Array(places.length);
  for (let example = 0; example < places.length; example += 1) {
    const at = places[example]! * 4;
    positions[example] = splitPosition(facts.hash[at]!, facts.hash[at + 1]!, options.splitSeed);
  }
  return { places, labels, target, split: chooseSplits(layout, places, positions, target, options) };
}

function chooseSplits(
  layout: Layout,
  places: Int32Array,
  positions: Float64Array,
  target: Int32Array,
  options: DatasetOptions,
): Uint8Array {
  if (layout.splitFolders.length === 0) return divide(positions, target, options);
  const fixed = Uint8Array.from(places, (place) => layout.candidates[place]!.split);
  if (layout.splitFolders.some(({ split }) => split === validationSplit)) return fixed;
  // Train and test folders alone: validation is divided off the training pictures.
  const validation = divide(positions, target, { ...options, testFraction: 0 });
  return fixed.map((split, example) => (split === trainSplit ? validation[example]! : split));
}

/** Summary and examples of a folder of pictures or texts. */
export function summarizeFiles(
  layout: Layout,
  facts: FileFacts,
  likenesses: Likenesses,
  usable: UsableFiles,
  options: DatasetOptions,
  scan: { milliseconds: number; fromCache: boolean },
): Dataset {
  const { places, labels, target, split } = usable;
  const classes = countClasses(usable);
  const findings = new FindingList(options);
  addFileFindings({ layout, facts, usable, classes, likenesses, options }, findings);
  const kind = layout.kind === 'texts' ? 'texts' : 'images';
  let bytes = 0;
  for (const place of places) bytes += facts.bytes[place]!;
  const summary: DatasetSummary = {
    path: layout.root,
    name: basename(layout.root),
    kind,
    task: 'classification',
    exampleCount: places.length,
    bytes,
    classes,
    splits: { source: layout.splitFolders.length > 0 ? 'folders' : 'hash', ...countSplits(split) },
    findings: findings.sorted(),
    options,
    fingerprint: fingerprint(facts, usable),
    scanMilliseconds: scan.milliseconds,
    fromCache: scan.fromCache,
  };
  if (kind === 'images') summary.images = imageSummary(facts, places);
  else
    summary.texts = {
      characters: spreadOf(places, (place) => facts.extent[place * 2]!),
      words: spreadOf(places, (place) => facts.extent[place * 2 + 1]!),
    };
  return { summary, examples: exampleTable(layout, facts, usable, kind, labels, target, split) };
}

function exampleTable(
  layout: Layout,
  facts: FileFacts,
  usable: UsableFiles,
  kind: 'images' | 'texts',
  labels: string[],
  target: Int32Array,
  split: Uint8Array,
): ExampleTable {
  const { places } = usable;
  const file = (index: number) => layout.candidates[places[index]!]!.file;
  const path = (index: number) => absolutePath(layout.root, file(index));
  const table: ExampleTable = {
    root: layout.root,
    kind,
    task: 'classification',
    labels,
    count: places.length,
    file,
    path,
    target,
    split,
    indices: (name) => indicesOf(split, name),
    text: (index) => readTextFile(path(index)),
  };
  if (kind === 'images')
    table.images = {
      width: places.map((place) => facts.extent[place * 2]!),
      height: places.map((place) => facts.extent[place * 2 + 1]!),
      orientation: Uint8Array.from(places, (place) => facts.orientation[place]!),
      format: Uint8Array.from(places, (place) => facts.format[place]!),
    };
  return table;
}

export function countSplits(split: Uint8Array): { train: number; validation: number; test: number } {
  const counts = [0, 0, 0];
  for (const code of split) counts[code]! += 1;
  return { train: counts[trainSplit]!, validation: counts[validationSplit]!, test: counts[testSplit]! };
}

export function countClasses({
  labels,
  target,
  split,
}: Pick<UsableFiles, 'labels' | 'target' | 'split'>): ClassSummary[] {
  const classes = labels.map((name) => ({ name, count: 0, train: 0, validation: 0, test: 0 }));
  const names = ['train', 'validation', 'test'] as const;
  for (let example = 0; example < target.length; example += 1) {
    const entry = classes[target[example]!]!;
    entry.count += 1;
    entry[names[split[example]!]!] += 1;
  }
  return classes;
}

function spreadOf(places: Int32Array, value: (place: number) => number): Spread {
  if (places.length === 0) return { minimum: 0, median: 0, maximum: 0 };
  const values = Float64Array.from(places, value).sort();
  return { minimum: values[0]!, median: values[values.length >> 1]!, maximum: values[values.length - 1]! };
}

function imageSummary(facts: FileFacts, places: Int32Array): NonNullable<DatasetSummary['images']> {
  const shapes = new Map<string, { width: number; height: number; count: number }>();
  const formats = new Map<string, number>();
  let grayscale = places.length > 0;
  for (const place of places) {
    const [width, height] = uprightSize(facts, place);
    const key = `${width}x${height}`;
    const shape = shapes.get(key);
    if (shape) shape.count += 1;
    else shapes.set(key, { width, height, count: 1 });
    const format = pictureFormats[facts.format[place]!]!;
    formats.set(format, (formats.get(format) ?? 0) + 1);
    if (facts.gray[place] === 0) grayscale = false;
  }
  return {
    width: spreadOf(places, (place) => uprightSize(facts, place)[0]),
    height: spreadOf(places, (place) => uprightSize(facts, place)[1]),
    shapes: [...shapes.values()].sort((a, b) => b.count - a.count).slice(0, 50),
    formats: [...formats].sort((a, b) => b[1] - a[1]).map(([format, count]) => ({ format, count })),
    grayscale,
  };
}

function fingerprint(facts: FileFacts, { places, labels, target, split }: UsableFiles): string {
  const rows = new Uint32Array(places.length * 6);
  places.forEach((place, example) => {
    rows.set(facts.hash.subarray(place * 4, place * 4 + 4), example * 6);
    rows[example * 6 + 4] = target[example]!;
    rows[example * 6 + 5] = split[example]!;
  });
  const hash = createHash('sha256').update(JSON.stringify(labels));
  return hash.update(new Uint8Array(rows.buffer)).digest('hex');
}
