import type { Operation } from '../operation';
import type { Shape } from '../shape';
import { arrayShapes } from './array';
import { dataShapes } from './data';
import { elementwiseShapes } from './elementwise';
import { neuralShapes } from './neural';
import type { ShapeFunction } from './shape-function';

const shapeFunctions = new Map<string, ShapeFunction>(
  [elementwiseShapes, arrayShapes, neuralShapes, dataShapes].flatMap((table) => Object.entries(table)),
);

/** Operations without a shape function get unknown shapes; TensorFlow checks them when the session loads the graph. */
export function inferShapes(operation: Operation, outputs: number): readonly Shape[] {
  const infer = shapeFunctions.get(operation.type);
  return infer ? infer(operation) : new Array<Shape>(outputs).fill(null);
}
