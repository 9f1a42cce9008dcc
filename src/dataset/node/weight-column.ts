import type { TablePlan } from './column-roles';
import { type FindingList, many, naming } from './findings';
import type { TableFacts } from './scan-table';
import type { UsableRows } from './summarize-table';

/** float32, one an example; undefined without a column of weights, or when it doesn't hold numbers. */
export function exampleWeights({ weights }: TablePlan, { places }: UsableRows): Float32Array | undefined {
  const numbers = weights?.facts.numbers;
  return numbers && Float32Array.from(places, (place) => numbers[place]!);
}

/** Says what keeps a column from being the weights of the examples. All of it blocks: a wrong weight is a silent error. */
export function addWeightFindings(
  facts: TableFacts,
  plan: TablePlan,
  usable: UsableRows,
  findings: FindingList,
): void {
  const columns = plan.columns.filter(({ role }) => role === 'weight').map((column) => column.facts.name);
  if (columns.length > 1)
    findings.add(
      'unusable-weight',
      'blocks',
      `${many(columns.length, 'column')} were chosen to be the weights of the rows: ${naming(columns)}. Leave one of them, and give the others another role.`,
    );
  const column = plan.weights?.facts;
  if (!column) return;
  const { name, numbers } = column;
  if (!numbers) {
    findings.add(
      'unusable-weight',
      'blocks',
      `${name} was chosen to be the weights of the rows, but holds few numbers. Choose another column.`,
      { about: name },
    );
    return;
  }
  addUnusableRows(name, numbers, facts, usable, findings);
  if (usable.places.length > 0 && usable.places.every((place) => numbers[place] === 0))
    findings.add(
      'unusable-weight',
      'blocks',
      `The weight ${name} is 0 in every row: nothing could be learned.`,
      { about: `${name}:zero` },
    );
}

const mostNamedRows = 1000;
/** What is larger is infinite in float32. */
const largestWeight = 3.4e38;

function addUnusableRows(
  name: string,
  numbers: Float64Array,
  facts: TableFacts,
  { places }: UsableRows,
  findings: FindingList,
): void {
  const rows: number[] = [];
  const reasons: string[] = [];
  let count = 0;
  for (const place of places) {
    const value = numbers[place]!;
    if (value >= 0 && value <= largestWeight) continue;
    count += 1;
    if (rows.length >= mostNamedRows) continue;
    rows.push(facts.numbers[place]!);
    reasons.push(
      Number.isNaN(value)
        ? 'no weight'
        : value < 0
          ? 'a negative weight'
          : 'a weight too large to count with',
    );
  }
  if (count === 0) return;
  const named = rows.map((row, index) => `row ${row} (${reasons[index]})`);
  findings.add(
    'unusable-weight',
    'blocks',
    `${many(count, 'row has', 'rows have')} no usable weight in ${name}, where a number from 0 on is needed: ${naming(named, count)}. Exclude ${count === 1 ? 'it' : 'them'}, or mend the table.`,
    { about: name, files: rows.map((row) => `row:${row}`), fileCount: count, reasons, actions: ['exclude'] },
  );
}
