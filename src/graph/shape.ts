import { DescentError } from '../contract/errors';

/** Sizes by axis; null for an axis of unknown size; null as a whole when not even the rank is known. */
export type Shape = readonly (number | null)[] | null;

/** `[?, 28, 28, 1]`, or `?` when the rank is unknown. */
export function formatShape(shape: Shape): string {
  return shape === null ? '?' : `[${shape.map((size) => size ?? '?').join(', ')}]`;
}

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape?.every((size) => size !== null) ?? false;
}

/** How many elements, or null when some size is unknown. */
export function sizeOf(shape: Shape): number | null {
  if (!isStatic(shape)) return null;
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether one tensor could have both shapes. */
export function compatible(a: Shape, b: Shape): boolean {
  if (a === null || b === null) return true;
  return (
    a.length === b.length &&
    a.every((size, axis) => {
      const other = b[axis] ?? null;
      return size === null || other === null || size === other;
    })
  );
}

/** What is known when both are true, or undefined when they contradict each other. */
export function mergeShapes(a: Shape, b: Shape): Shape | undefined {
  if (a === null) return b;
  if (b === null) return a;
  return compatible(a, b) ? a.map((size, axis) => size ?? b[axis] ?? null) : undefined;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The shape of an element-wise operation with NumPy's broadcasting, or undefined when the shapes don't fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  if (a === null || b === null) return null;
  const rank = Math.max(a.length, b.length);
  const result: (number | null)[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const one = axis - rank + a.length >= 0 ? a[axis - rank + a.length]! : 1;
    const other = axis - rank + b.length >= 0 ? b[axis - rank + b.length]! : 1;
    if (one === 1) result.push(other);
    else if (other === 1 || one === other) result.push(one);
    else if (one === null) result.push(other);
    else if (other === null) result.push(one);
    else return undefined;
  }
  return result;
}

/** `axis` counted from the front. Throws `wrong-use` when there is no such axis. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank)
    throw new DescentError('wrong-use', `There is no axis ${axis} in a tensor of rank ${rank}.`, {
      subject: String(axis),
    });
  return normalized;
}
