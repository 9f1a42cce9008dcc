import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ColumnSummary, DatasetOptions, DatasetSummary, Spread } from '../../contract/dataset';
import { divide, splitPosition } from '../common/split';
import { splitWords } from '../common/text';
import { breathe } from './breathe';
import { type ColumnPlan, canBeClasses, planTable, type TablePlan } from './column-roles';
import { type Dataset, type ExampleTable, indicesOf } from './example-table';
import { addBalanceFinding } from './file-findings';
import { FindingList } from './findings';
import { type Layout, orderLabels } from './layout';
import { RowReader } from './row-reader';
import type { TableFacts } from './scan-table';
import { countClasses, countSplits } from './summarize-files';
import { moments, tableData } from './table-data';
import { addTableFindings, type TableEvidence } from './table-findings';
import { exampleWeights } from './weight-column';

/** Rows that training uses, with their targets. */
export interface UsableRows {
  /** Their places among the well-formed rows. */
  places: Int32Array;
  labels: string[];
  target: Int32Array | Float32Array;
  split: Uint8Array;
  /** Numbers of the rows that are left out because their target is missing or unreadable (the first 1,000). */
  withoutTarget: number[];
  withoutTargetCount: number;
}

/** Summary and examples of a table. */
export async function summarizeTable(
  layout: Layout,
  facts: TableFacts,
  options: DatasetOptions,
  scan: { milliseconds: () => number; fromCache: boolean },
  signal?: AbortSignal,
): Promise<Dataset> {
  const plan = planTable(facts, options);
  const usable = selectRows(facts, plan, options);
  await breathe(signal);
  const classes =
    plan.task === 'classification' ? countClasses({ ...usable, target: usable.target as Int32Array }) : [];
  const findings = new FindingList(options);
  const evidence: TableEvidence = { layout, facts, plan, usable, classes, options };
  await addTableFindings(evidence, findings, signal);
  addBalanceFinding(classes, findings);
  const columns: ColumnSummary[] = [];
  for (const column of plan.columns) {
    columns.push(columnSummary(column, usable.places));
    await breathe(signal);
  }
  const kind = plan.text ? 'texts' : 'table';
  const examples = exampleTable(layout, facts, plan, usable, kind);
  await breathe(signal);
  const summary: DatasetSummary = {
    path: layout.root,
    name: basename(layout.root),
    kind,
    task: plan.task,
    exampleCount: usable.places.length,
    bytes: facts.bytes,
    classes,
    splits: { source: 'hash', ...countSplits(usable.split) },
    table: {
      file: basename(facts.file),
      delimiter: facts.dialect.delimiter,
      rows: facts.rows + facts.raggedCount,
      columns,
      target: plan.target?.facts.name,
      weights: plan.weights?.facts.name,
    },
    findings: findings.sorted(),
    options,
    fingerprint: fingerprint(facts, plan, usable),
    scanMilliseconds: scan.milliseconds(),
    fromCache: scan.fromCache,
  };
  if (plan.text) summary.texts = await textSummary(facts, plan.text, usable.places, signal);
  return { summary, examples };
}

function selectRows(facts: TableFacts, plan: TablePlan, options: DatasetOptions): UsableRows {
  const column = plan.target?.facts;
  const classification = plan.task === 'classification';
  const numbers = !classification ? column?.numbers : undefined;
  const codes = classification && column && canBeClasses(column) ? column.codes : undefined;
  const known = (place: number) =>
    codes ? codes[place]! >= 0 : numbers ? !Number.isNaN(numbers[place]!) : false;
  const rest = knownRows(facts, new Set(options.excluded), known);
  const { places } = rest;
  const positions = new Float64Array(places.length);
  for (let index = 0; index < places.length; index += 1) {
    const at = places[index]! * 2;
    positions[index] = splitPosition(facts.hash[at]!, facts.hash[at + 1]!, options.splitSeed);
  }
  if (!classification) {
    const target = new Float32Array(places.length);
    for (let index = 0; index < places.length; index += 1) target[index] = numbers![places[index]!]!;
    return { ...rest, labels: [], target, split: divide(positions, null, options) };
  }
  const values = column?.values ?? [];
  const present = new Uint8Array(values.length);
  for (let index = 0; index < places.length; index += 1) present[codes![places[index]!]!] = 1;
  const labels = orderLabels(values.filter((_, code) => present[code] === 1));
  const order = new Map(labels.map((label, index) => [label, index]));
  const byCode = Int32Array.from(values, (value) => order.get(value) ?? -1);
  const target = new Int32Array(places.length);
  for (let index = 0; index < places.length; index += 1) target[index] = byCode[codes![places[index]!]!]!;
  return { ...rest, labels, target, split: divide(positions, target, options) };
}

function knownRows(facts: TableFacts, excluded: Set<string>, known: (place: number) => boolean) {
  const places = new Int32Array(facts.rows);
  const withoutTarget: number[] = [];
  let withoutTargetCount = 0;
  let count = 0;
  for (let place = 0; place < facts.rows; place += 1) {
    if (excluded.size > 0 && excluded.has(`row:${facts.numbers[place]}`)) continue;
    if (known(place)) {
      places[count] = place;
      count += 1;
    } else {
      withoutTargetCount += 1;
      if (withoutTarget.length < 1000) withoutTarget.push(facts.numbers[place]!);
    }
  }
  return { places: places.slice(0, count), withoutTarget, withoutTargetCount };
}

function exampleTable(
  layout: Layout,
  facts: TableFacts,
  plan: TablePlan,
  usable: UsableRows,
  kind: 'table' | 'texts',
): ExampleTable {
  const { places, labels, target, split } = usable;
  const table = tableData(facts, plan, places, indicesOf(split, 'train'));
  const weights = exampleWeights(plan, usable);
  const textColumn = plan.text ? facts.columns.indexOf(plan.text.facts) : -1;
  return {
    root: layout.root,
    kind,
    task: plan.task,
    labels,
    count: places.length,
    file: (index) => `row:${facts.numbers[places[index]!]}`,
    path: () => facts.file,
    target,
    ...(weights ? { weights } : {}),
    split,
    indices: (name) => indicesOf(split, name),
    table,
    text: async (index) => table.row(index)[textColumn] ?? '',
  };
}

function columnSummary({ facts, role, guessed }: ColumnPlan, places: Int32Array): ColumnSummary {
  const summary: ColumnSummary = {
    name: facts.name,
    role,
    guessedRole: guessed,
    missing: facts.missing,
    distinct: facts.distinct,
  };
  if (facts.numbers) describeNumbers(summary, facts.numbers, places);
  if (facts.codes && facts.values && (!facts.numbers || role === 'categorical' || role === 'target')) {
    const counts = new Int32Array(facts.values.length);
    for (let index = 0; index < places.length; index += 1) {
      const code = facts.codes[places[index]!]!;
      if (code >= 0) counts[code]! += 1;
    }
    summary.values = facts.values
      .map((value, code) => ({ value, count: counts[code]! }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count)
      .slice(0, 50);
  }
  return summary;
}

const bins = 20;

function describeNumbers(summary: ColumnSummary, numbers: Float64Array, places: Int32Array): void {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < places.length; index += 1) {
    const value = numbers[places[index]!]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (minimum > maximum) return;
  const histogram = new Array<number>(bins).fill(0);
  const scale = maximum > minimum ? bins / (maximum - minimum) : 0;
  for (let index = 0; index < places.length; index += 1) {
    const value = numbers[places[index]!]!;
    if (!Number.isNaN(value)) histogram[Math.min(bins - 1, Math.floor((value - minimum) * scale))]! += 1;
  }
  const { mean, standardDeviation } = moments(numbers, places);
  Object.assign(summary, {
    minimum,
    maximum,
    mean,
    standardDeviation: maximum > minimum ? standardDeviation : 0,
    histogram,
  });
}

const measuredTexts = 2000;

/** Lengths of the texts; of an even sample when there are more than 2,000. */
async function textSummary(
  facts: TableFacts,
  text: ColumnPlan,
  places: Int32Array,
  signal?: AbortSignal,
): Promise<NonNullable<DatasetSummary['texts']>> {
  const reader = new RowReader(facts);
  const column = facts.columns.indexOf(text.facts);
  const step = Math.max(1, places.length / measuredTexts);
  const characters: number[] = [];
  const words: number[] = [];
  for (let at = 0; at < places.length; at += step) {
    const cell = reader.cells(places[Math.floor(at)]!)[column] ?? '';
    characters.push(cell.length);
    words.push(splitWords(cell).length);
    await breathe(signal);
  }
  return { characters: spread(characters), words: spread(words), column: text.facts.name };
}

function spread(values: number[]): Spread {
  if (values.length === 0) return { minimum: 0, median: 0, maximum: 0 };
  values.sort((a, b) => a - b);
  return { minimum: values[0]!, median: values[values.length >> 1]!, maximum: values.at(-1)! };
}

function fingerprint(
  facts: TableFacts,
  plan: TablePlan,
  { places, labels, target, split }: UsableRows,
): string {
  const roles = plan.columns.map((column) => [column.facts.name, column.role]);
  const hash = createHash('sha256').update(JSON.stringify([roles, labels]));
  const words = new Uint32Array(places.length * 2);
  for (let index = 0; index < places.length; index += 1) {
    words[index * 2] = facts.hash[places[index]! * 2]!;
    words[index * 2 + 1] = facts.hash[places[index]! * 2 + 1]!;
  }
  for (const column of [words, target, split]) hash.update(new Uint8Array(column.buffer));
  return hash.digest('hex');
}
