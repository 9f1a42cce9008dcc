import type { ClassSummary } from '../../../src/contract/dataset';

export type ClassOrder = 'size' | 'smallest' | 'name' | 'folder';

/** Classes whose name has the filter in it, in the chosen order ('folder': the order of the model's outputs). */
export function orderClasses(
  classes: readonly ClassSummary[],
  order: ClassOrder,
  filter: string,
): ClassSummary[] {
  const wanted = filter.trim().toLowerCase();
  const kept = classes.filter((entry) => entry.name.toLowerCase().includes(wanted));
  switch (order) {
    case 'size':
      return kept.sort((left, right) => right.count - left.count);
    case 'smallest':
      return kept.sort((left, right) => left.count - right.count);
    case 'name':
      return kept.sort((left, right) => left.name.localeCompare(right.name, undefined, { numeric: true }));
    case 'folder':
      return kept;
  }
}
