import type { ColumnRole, DatasetOptions, TaskKind } from '../../contract/dataset';
import type { TableFacts } from './scan-table';
import type { ColumnFacts } from './table-column';

/** Why a column was guessed to be of no use as an input. */
export type Idle = 'constant' | 'identifier' | 'many-values' | 'long-text' | 'empty';

export interface ColumnPlan {
  facts: ColumnFacts;
  guessed: ColumnRole;
  role: ColumnRole;
  idle?: Idle;
}

export interface TablePlan {
  columns: ColumnPlan[];
  target?: ColumnPlan;
  /** What the losses of the rows are multiplied by. Never guessed. */
  weights?: ColumnPlan;
  task: TaskKind;
  /** Set when the examples are the texts of this column. */
  text?: ColumnPlan;
}

const targetNames =
  /^(target|label|labels|class|classes|category|species|variety|outcome|y|output|spam|sentiment|diagnosis|survived|price|medv|quality)$/i;
const identifierNames = /^(#|id|uuid|guid|index|idx|row|key|unnamed.*|.*[_ ]id|.*Id|.*ID)$/;
const mostCategories = 1000;
const mostClasses = 1000;
/** A numeric target with more different values than this is a quantity, unless the options say otherwise. */
const mostGuessedClasses = 20;

/** Gives every column its role: guessed, then changed by the options. */
export function planTable(facts: TableFacts, options: DatasetOptions): TablePlan {
  const columns = facts.columns.map((column): ColumnPlan => {
    const { role, idle } = guessInput(column, facts.rows);
    return { facts: column, guessed: role, role, idle };
  });
  const target = guessTarget(columns.filter(({ facts: { name } }) => options.columns[name] !== 'weight'));
  if (target) Object.assign(target, { guessed: 'target', role: 'target', idle: undefined });
  const chosenTarget = columns.find((plan) => options.columns[plan.facts.name] === 'target');
  for (const plan of columns) {
    const chosen = options.columns[plan.facts.name];
    if (chosen) plan.role = chosen;
    else if (chosenTarget && plan === target) plan.role = guessInput(plan.facts, facts.rows).role;
  }
  const inForce = columns.find((plan) => plan.role === 'target');
  return {
    columns,
    target: inForce,
    weights: columns.find((plan) => plan.role === 'weight'),
    task: options.task ?? guessTask(inForce?.facts),
    text: columns.find((plan) => plan.role === 'text'),
  };
}

function guessInput(column: ColumnFacts, rows: number): { role: ColumnRole; idle?: Idle } {
  const present = rows - column.missing;
  if (column.distinct === 0) return { role: 'ignored', idle: 'empty' };
  if (column.distinct === 1 && rows > 1) return { role: 'ignored', idle: 'constant' };
  const unique = column.distinct === present && present >= 3;
  if (column.numbers) {
    const numbered = column.counting && present >= 20;
    if (unique && column.whole && (numbered || identifierNames.test(column.name)))
      return { role: 'ignored', idle: 'identifier' };
    return { role: 'numeric' };
  }
  if (column.meanWords >= 4 && column.distinct > present / 2) return { role: 'text' };
  if (unique && (present >= 20 || identifierNames.test(column.name)))
    return { role: 'ignored', idle: 'identifier' };
  if (!column.codes || column.distinct > Math.max(20, Math.min(mostCategories, present / 2)))
    return { role: 'ignored', idle: 'many-values' };
  return { role: 'categorical' };
}

/** A column with a usual name; else, beside texts, the one with the fewest values; else the last that can be one. */
function guessTarget(columns: ColumnPlan[]): ColumnPlan | undefined {
  const possible = columns.filter((plan) => plan.role === 'numeric' || plan.role === 'categorical');
  const named = possible.filter((plan) => targetNames.test(plan.facts.name));
  if (named.length > 0) return named.at(-1);
  const texts = columns.some((plan) => plan.role === 'text');
  if (texts)
    return possible.reduce<ColumnPlan | undefined>(
      (best, plan) => (best && best.facts.distinct <= plan.facts.distinct ? best : plan),
      undefined,
    );
  return possible.at(-1);
}

function guessTask(target: ColumnFacts | undefined): TaskKind {
  if (!target?.numbers) return 'classification';
  return target.whole && target.distinct <= mostGuessedClasses && target.codes
    ? 'classification'
    : 'regression';
}

/** Whether a column can stand as classes: few enough different values. */
export function canBeClasses(column: ColumnFacts): boolean {
  return column.codes !== undefined && column.distinct <= mostClasses;
}
