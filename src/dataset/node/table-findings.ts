import type { ClassSummary, DatasetOptions } from '../../contract/dataset';
import { breathe } from './breathe';
import { canBeClasses, type TablePlan } from './column-roles';
import { type FindingList, many, naming } from './findings';
import type { Layout } from './layout';
import type { TableFacts } from './scan-table';
import type { UsableRows } from './summarize-table';
import { addWeightFindings } from './weight-column';

export interface TableEvidence {
  layout: Layout;
  facts: TableFacts;
  plan: TablePlan;
  usable: UsableRows;
  classes: ClassSummary[];
  options: DatasetOptions;
}

/** Says what is wrong, odd or worth knowing in a table. */
export async function addTableFindings(
  evidence: TableEvidence,
  findings: FindingList,
  signal?: AbortSignal,
): Promise<void> {
  addTargetFindings(evidence, findings);
  addWeightFindings(evidence.facts, evidence.plan, evidence.usable, findings);
  addRaggedFinding(evidence, findings);
  for (const column of evidence.plan.columns) addColumnFindings(column, evidence, findings);
  await addDuplicateRows(evidence, findings, signal);
  const { ignored } = evidence.layout;
  if (ignored.length > 0)
    findings.add(
      'ignored-files',
      'notes',
      `${many(ignored.length, 'file is', 'files are')} passed over; the table is read from ${evidence.facts.file}: ${naming(ignored)}.`,
      { files: ignored },
    );
}

function addTargetFindings({ facts, plan, usable, options }: TableEvidence, findings: FindingList): void {
  if (facts.rows === 0) {
    findings.add(
      'empty-folder',
      'blocks',
      `${facts.file} holds ${facts.bytes === 0 ? 'nothing (0 bytes)' : 'no rows'}: there is nothing to train on.`,
    );
    return;
  }
  const target = plan.target?.facts;
  if (!target) {
    findings.add('no-target', 'blocks', 'No column is the target: choose the one that is to be predicted.');
    return;
  }
  if (plan.task === 'classification' && !canBeClasses(target)) {
    findings.add(
      'no-target',
      'blocks',
      `The target ${target.name} has ${target.distinct.toLocaleString('en-US')} different values, too many for classes. Choose another target${target.numbers ? ', or regression' : ''}.`,
      { about: target.name },
    );
    return;
  }
  if (plan.task === 'regression' && !target.numbers) {
    findings.add(
      'no-target',
      'blocks',
      `The target ${target.name} does not hold numbers, which regression needs. Choose another target, or classification.`,
      {
        about: target.name,
      },
    );
    return;
  }
  if (usable.withoutTargetCount > 0)
    findings.add(
      'missing-values',
      'warns',
      `${many(usable.withoutTargetCount, 'row has', 'rows have')} no usable value of the target ${target.name} and ${usable.withoutTargetCount === 1 ? 'is' : 'are'} left out: ${naming(
        usable.withoutTarget.map((row) => `row ${row}`),
        usable.withoutTargetCount,
      )}.`,
      {
        about: target.name,
        files: usable.withoutTarget.map((row) => `row:${row}`),
        fileCount: usable.withoutTargetCount,
        reasons: usable.withoutTarget.map(() => `no usable value of the target ${target.name}`),
        actions: ['keep'],
        leftOut: true,
      },
    );
  if (plan.task === 'classification' && usable.labels.length < 2)
    findings.add(
      'too-few-classes',
      'blocks',
      `The target ${target.name} has ${usable.labels.length === 1 ? `one value only (${usable.labels[0]})` : 'no values'}; a classifier needs at least two classes.`,
    );
  else addCountFindings(usable, options, findings);
  if (!plan.columns.some(({ role }) => role === 'numeric' || role === 'categorical' || role === 'text'))
    findings.add(
      'no-target',
      'blocks',
      'No column is left to predict from: every one but the target is ignored.',
      {
        about: 'inputs',
      },
    );
}

function addCountFindings(usable: UsableRows, options: DatasetOptions, findings: FindingList): void {
  const count = usable.places.length;
  if (options.validationFraction > 0 && !usable.split.includes(1))
    findings.add(
      'too-few-examples',
      'blocks',
      `${many(count, 'row is', 'rows are')} too few: at least two different ones are needed, so that one can be kept for validation.`,
    );
  else if (!usable.split.includes(0))
    findings.add(
      'too-few-examples',
      'blocks',
      'No row is left to train on. Lower the validation and test shares, or add rows.',
    );
  else if (count < 20)
    findings.add(
      'too-few-examples',
      'warns',
      `Only ${many(count, 'row')}: what is measured on so few says little.`,
      { actions: ['keep'] },
    );
}

function addRaggedFinding({ facts, options }: TableEvidence, findings: FindingList): void {
  const excluded = new Set(options.excluded);
  const ragged = facts.ragged.filter(({ row }) => !excluded.has(`row:${row}`));
  const count = facts.raggedCount - (facts.ragged.length - ragged.length);
  if (count === 0) return;
  const named = ragged.map(({ row, cells }) => `row ${row} (${many(cells, 'cell')})`);
  findings.add(
    'ragged-row',
    'warns',
    `${many(count, 'row has', 'rows have')} not the ${many(facts.dialect.header.length, 'cell')} of the header and ${count === 1 ? 'is' : 'are'} left out: ${naming(named, count)}.`,
    {
      files: ragged.map(({ row }) => `row:${row}`),
      fileCount: count,
      reasons: ragged.map(
        ({ cells }) => `${many(cells, 'cell')}, where the header has ${facts.dialect.header.length}`,
      ),
      actions: ['exclude', 'keep'],
      leftOut: true,
    },
  );
}

function addColumnFindings(
  column: TablePlan['columns'][number],
  { facts, plan }: TableEvidence,
  findings: FindingList,
): void {
  const { facts: cells, role, idle } = column;
  const { name } = cells;
  if (column === plan.target || role === 'weight') return;
  if (role === 'ignored') {
    if (idle === 'constant')
      findings.add('constant-column', 'notes', `${name} has the same value in every row and is ignored.`, {
        about: name,
      });
    if (idle === 'empty')
      findings.add('constant-column', 'notes', `${name} is empty in every row and is ignored.`, {
        about: name,
      });
    if (idle === 'identifier')
      findings.add(
        'identifier-column',
        'notes',
        `${name} has another value in every row, like a number or name of the row, and is ignored.`,
        { about: name },
      );
    if (idle === 'many-values')
      findings.add(
        'identifier-column',
        'notes',
        `${name} has ${cells.distinct.toLocaleString('en-US')} different values, too many to learn from, and is ignored.`,
        { about: name },
      );
    return;
  }
  if (role === 'numeric' && !cells.numbers)
    findings.add(
      'unparsable-value',
      'warns',
      `${name} was chosen to be numeric, but holds few numbers: it is left out.`,
      { about: name, actions: ['keep'] },
    );
  if (role === 'categorical' && !cells.codes)
    findings.add(
      'identifier-column',
      'warns',
      `${name} was chosen to be categorical, but has ${cells.distinct.toLocaleString('en-US')} different values: it is left out.`,
      { about: name, actions: ['keep'] },
    );
  if (role === 'numeric' && cells.unparsable > 0)
    findings.add(
      'unparsable-value',
      'warns',
      `${name} has ${many(cells.unparsable, 'value')} that ${cells.unparsable === 1 ? 'is' : 'are'} no number (${naming(
        cells.unparsableRows.map((row) => `row ${row}`),
        cells.unparsable,
      )}); the column's mean stands in for ${cells.unparsable === 1 ? 'it' : 'them'}.`,
      {
        about: name,
        files: cells.unparsableRows.map((row) => `row:${row}`),
        fileCount: cells.unparsable,
        actions: ['exclude', 'keep'],
      },
    );
  if (cells.missing > 0 && role !== 'text')
    findings.add(
      'missing-values',
      cells.missing > facts.rows * 0.3 ? 'warns' : 'notes',
      `${name} has no value in ${many(cells.missing, 'row')} (${percent(cells.missing, facts.rows)}); ${role === 'numeric' ? "the column's mean stands in" : 'none of its categories is set there'}.`,
      { about: name, fileCount: cells.missing, actions: ['keep'] },
    );
}

function percent(part: number, whole: number): string {
  const share = (part / whole) * 100;
  return share < 1 ? 'under 1 %' : `${Math.round(share)} %`;
}

/** Rows that are equal cell by cell. They stand in one split, since content decides it. */
async function addDuplicateRows(
  { facts, usable }: TableEvidence,
  findings: FindingList,
  signal?: AbortSignal,
): Promise<void> {
  const { places } = usable;
  let size = 1024;
  while (size < places.length * 2) size *= 2;
  // Open addressing over the rows' 64-bit hashes: slots hold place + 1.
  const slots = new Int32Array(size);
  const copies: number[] = [];
  let count = 0;
  let first = '';
  for (let index = 0; index < places.length; index += 1) {
    if ((index & 0xffff) === 0) await breathe(signal);
    const place = places[index]!;
    const high = facts.hash[place * 2]!;
    const low = facts.hash[place * 2 + 1]!;
    let slot = low & (size - 1);
    for (;;) {
      const held = slots[slot]! - 1;
      if (held < 0) {
        slots[slot] = place + 1;
        break;
      }
      if (facts.hash[held * 2] === high && facts.hash[held * 2 + 1] === low) {
        if (count === 0) first = `row ${facts.numbers[held]} = row ${facts.numbers[place]}`;
        count += 1;
        if (copies.length < 1000) copies.push(facts.numbers[place]!);
        break;
      }
      slot = (slot + 1) & (size - 1);
    }
  }
  if (count > 0)
    findings.add(
      'duplicate',
      'notes',
      `${many(count, 'row repeats', 'rows repeat')} an earlier one cell by cell (${first}${count > 1 ? ', …' : ''}). Excluding keeps the first of each.`,
      {
        files: copies.map((row) => `row:${row}`),
        fileCount: count,
        actions: ['exclude', 'keep'],
      },
    );
}
