import { isObject, type JsonObject } from './json-object';

/** What a call of an operation takes: tensors as the file writes them, and numbers. */
interface Operands {
  tensors: unknown[];
  /** The number beside a single tensor, and whether it comes first. */
  number?: number;
  numberFirst?: boolean;
}

const kinds: Readonly<Record<string, 'Add' | 'Multiply' | 'Subtract' | 'TrueDivide'>> = {
  // Keras 2: the function of a TFOpLambda.
  '__operators__.add': 'Add',
  'math.add': 'Add',
  'math.multiply': 'Multiply',
  'math.subtract': 'Subtract',
  'math.truediv': 'TrueDivide',
  // Keras 3: the class of an operation.
  Add: 'Add',
  Multiply: 'Multiply',
  Subtract: 'Subtract',
  TrueDivide: 'TrueDivide',
  Divide: 'TrueDivide',
};

/**
 * The layer that does what an operation written in Python does (`x / 127.5`, `x - 1`, `x + 3`, `x * y`, `a + b`), with the
 * calls as layers have them; undefined for what is no such operation.
 */
export function layerOfOperation(value: JsonObject): JsonObject | undefined {
  if (!isObject(value.config) || !Array.isArray(value.inbound_nodes)) return undefined;
  const isLambda = value.class_name === 'TFOpLambda';
  const called = String(isLambda ? value.config.function : value.class_name);
  const kind = Object.hasOwn(kinds, called) ? kinds[called] : undefined;
  if (!kind || value.inbound_nodes.length !== 1) return undefined;
  const operands = isLambda
    ? lambdaOperands(value.inbound_nodes[0])
    : operationOperands(value.inbound_nodes[0]);
  if (!operands) return undefined;
  const { name } = value.config;
  const { tensors, number } = operands;
  if (tensors.length === 2 && number === undefined && (kind === 'Add' || kind === 'Multiply')) {
    return { ...value, class_name: kind, config: { name }, inbound_nodes: nodes(tensors, isLambda) };
  }
  if (tensors.length !== 1 || number === undefined) return undefined;
  const scaling = scalingOf(kind, number, operands.numberFirst ?? false);
  if (!scaling) return undefined;
  return {
    ...value,
    class_name: 'Rescaling',
    config: { name, ...scaling },
    inbound_nodes: nodes(tensors, isLambda),
  };
}

function nodes(tensors: unknown[], isLambda: boolean): unknown[] {
  return isLambda ? [tensors] : [{ args: tensors, kwargs: {} }];
}

function scalingOf(
  kind: string,
  number: number,
  first: boolean,
): { scale: number; offset: number } | undefined {
  switch (kind) {
    case 'Add':
      return { scale: 1, offset: number };
    case 'Multiply':
      return { scale: number, offset: 0 };
    case 'Subtract':
      return first ? { scale: -1, offset: number } : { scale: 1, offset: -number };
    default:
      return first || number === 0 ? undefined : { scale: 1 / number, offset: 0 };
  }
}

/** [[layer, call, tensor, {y: number or [layer, call, tensor], name}]]; a number first: ['_CONSTANT_VALUE', -1, number, …] */
function lambdaOperands(node: unknown): Operands | undefined {
  const [item, ...more] = Array.isArray(node) ? (typeof node[0] === 'string' ? [node] : node) : [];
  if (!Array.isArray(item) || more.length > 0 || !isObject(item[3])) return undefined;
  const { y, name, ...others } = item[3];
  if (Object.values(others).some((other) => other !== null)) return undefined;
  const isReference = Array.isArray(y) && typeof y[0] === 'string';
  if (item[0] === '_CONSTANT_VALUE') {
    if (typeof item[2] !== 'number' || !isReference) return undefined;
    return { tensors: [[...y.slice(0, 3), {}]], number: item[2], numberFirst: true };
  }
  const tensor = [...item.slice(0, 3), {}];
  if (typeof y === 'number') return { tensors: [tensor], number: y };
  return isReference ? { tensors: [tensor, [...y.slice(0, 3), {}]] } : undefined;
}

/** {args: [tensor or number, tensor or number]}; the layers Add and Multiply take a list of tensors instead. */
function operationOperands(node: unknown): Operands | undefined {
  const parts = isObject(node) && Array.isArray(node.args) ? node.args.map(plainNumber) : [];
  if (parts.length !== 2) return undefined;
  const tensors = parts.filter((part) => typeof part !== 'number');
  const number = parts.find((part) => typeof part === 'number');
  return { tensors, number, numberFirst: typeof parts[0] === 'number' };
}

/** Keras 3 writes NumPy's and TensorFlow's numbers as objects. */
function plainNumber(value: unknown): unknown {
  return isObject(value) && isObject(value.config) && typeof value.config.value === 'number'
    ? value.config.value
    : value;
}
