import { DescentError } from '../../contract/errors';
import { isFloating } from '../dtype';
import type { Operation, Tensor } from '../operation';
import { addN } from '../operations/math';
import { formatShape, mergeShapes } from '../shape';
import type { Variable } from '../variable';
import { arrayGradients } from './array';
import { ownGradient } from './custom-gradient';
import { elementwiseGradients } from './elementwise';
import type { GradientFunction } from './gradient-function';
import { neuralGradients } from './neural';
import { recurrentGradients } from './recurrent';
import { secondOrderGradients } from './second-order';

const registered = new Map<string, GradientFunction>(
  [elementwiseGradients, arrayGradients, neuralGradients, recurrentGradients, secondOrderGradients].flatMap(
    (table) => Object.entries(table),
  ),
);

/** Operations whose results don't change smoothly, or that begin a graph: gradients end there. */
const ends = new Set([
  'Const',
  'Placeholder',
  'ReadVariableOp',
  'VarHandleOp',
  'StopGradient',
  'Shape',
  'Size',
  'Rank',
  'ZerosLike',
  'OnesLike',
  'Fill',
  'Range',
  'ArgMax',
  'ArgMin',
  'OneHot',
  'Equal',
  'NotEqual',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
  'LogicalAnd',
  'LogicalOr',
  'LogicalNot',
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  'Rint',
  'FloorDiv',
  'IsFinite',
  'IsNan',
  'IteratorGetNext',
  '_FunctionArgument',
]);

/** Adds or replaces the gradient of a type of operation. */
export function registerGradient(type: string, gradient: GradientFunction): void {
  registered.set(type, gradient);
}

export interface GradientOptions {
  /** Gradient of the loss itself; default 1. */
  initial?: Tensor;
  /** Name of the scope. */
  name?: string;
  /** Told what the gradient of an operation consists of. */
  onDifferentiated?: (operation: Operation, created: readonly Operation[]) => void;
}

/**
 * Reverse-mode differentiation: for each of `targets` (tensors, or variables through all their reads) the derivative of the
 * sum of `loss` as a tensor of the same graph, or null where the loss doesn't depend on it.
 * @throws DescentError `unsupported` when the loss depends on a target through an operation without a gradient
 */
export function gradients(
  loss: Tensor,
  targets: readonly (Tensor | Variable)[],
  options: GradientOptions = {},
): (Tensor | null)[] {
  if (!isFloating(loss.dtype))
    throw new DescentError('wrong-use', `${loss.name} is ${loss.dtype}, which can't be differentiated.`, {
      subject: loss.name,
      remedy: 'Cast it to float32.',
    });
  const { graph } = loss;
  const reached = ancestors(loss.operation);
  const sources = targets.map((target) => ('handle' in target ? readsOf(target, reached) : [target]));
  const needed = dependents(reached, new Set(sources.flat()));

  return graph.scope(options.name ?? 'gradients', () => {
    const pending = new Map<Tensor, Tensor[]>();
    const totals = new Map<Tensor, Tensor>();
    const collect = (tensor: Tensor): Tensor | null => {
      const known = totals.get(tensor);
      if (known) return known;
      const parts = pending.get(tensor);
      if (!parts) return null;
      const total = addN(parts);
      totals.set(tensor, total);
      return total;
    };
    const initial = options.initial ?? graph.op('OnesLike', [loss], {}, { name: 'seed' }).output;
    pending.set(loss, [initial]);
    for (const operation of [...reached].reverse()) {
      if (!needed.has(operation) || isSourceOnly(operation)) continue;
      const before = graph.operations.length;
      const incoming = operation.outputs.map(collect);
      if (incoming.every((gradient) => gradient === null)) continue;
      if (!operation.inputs.some((input) => isWanted(input, needed))) continue;
      const differentiate = ownGradient(operation) ?? registered.get(operation.type);
      if (!differentiate)
        throw new DescentError('unsupported', `${operation.describe()} has no gradient.`, {
          subject: operation.name,
          remedy: 'Register one with registerGradient, or cut the path with stopGradient.',
        });
      const results = graph.scope(operation.name.replaceAll('/', '_'), () =>
        differentiate(operation, incoming, (index) => isWanted(operation.input(index), needed)),
      );
      options.onDifferentiated?.(operation, graph.operations.slice(before));
      operation.inputs.forEach((input, index) => {
        const gradient = results[index];
        if (!gradient || !isWanted(input, needed)) return;
        if (mergeShapes(gradient.shape, input.shape) === undefined)
          throw operation.error(
            `the gradient of input ${index} has the shape ${formatShape(gradient.shape)}, not ${formatShape(input.shape)}`,
          );
        const parts = pending.get(input);
        if (parts) parts.push(gradient);
        else pending.set(input, [gradient]);
      });
    }
    return sources.map((tensors) => {
      const parts = tensors.map(collect).filter((gradient) => gradient !== null);
      return parts.length === 0 ? null : addN(parts);
    });
  });

  function isWanted(input: Tensor, among: ReadonlySet<Operation>): boolean {
    return isFloating(input.dtype) && among.has(input.operation);
  }
}

function isSourceOnly(operation: Operation): boolean {
  return ends.has(operation.type);
}

/** All that the operation is computed from, itself included, in the order of creation (inputs come first). */
function ancestors(from: Operation): Set<Operation> {
  const found = new Set<Operation>([from]);
  const queue = [from];
  for (let next = queue.pop(); next; next = queue.pop())
    for (const { operation } of next.inputs)
      if (!found.has(operation)) {
        found.add(operation);
        queue.push(operation);
      }
  return new Set(from.graph.operations.filter((operation) => found.has(operation)));
}

/** Those of `reached` (in order) that depend on one of the sources by a path of floating-point tensors. */
function dependents(reached: ReadonlySet<Operation>, sources: ReadonlySet<Tensor>): Set<Operation> {
  const result = new Set<Operation>([...sources].map((source) => source.operation));
  for (const operation of reached) {
    if (ends.has(operation.type)) continue;
    if (operation.inputs.some((input) => isFloating(input.dtype) && result.has(input.operation)))
      result.add(operation);
  }
  return result;
}

function readsOf(variable: Variable, reached: ReadonlySet<Operation>): Tensor[] {
  const reads: Tensor[] = [];
  for (const operation of reached)
    if (operation.type === 'ReadVariableOp' && operation.input(0) === variable.handle)
      reads.push(operation.output);
  return reads;
}
