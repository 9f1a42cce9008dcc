import type { Operation, Tensor } from '../operation';
import { reshape, shapeOf, zerosLike } from '../operations/array';
import {
  add,
  cast,
  cos,
  divide,
  equal,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  multiply,
  negate,
  power,
  reciprocal,
  sign,
  sin,
  sqrt,
  square,
  subtract,
  sum,
  where,
} from '../operations/math';
import {
  call,
  type GradientFunction,
  type OneOutputGradient,
  ofFirst,
  unbroadcast,
} from './gradient-function';

/** Gradients of both operands before they are summed to the operands' shapes. */
function broadcastBinary(
  derivative: (
    a: Tensor,
    b: Tensor,
    gradient: Tensor,
    result: Tensor,
  ) => readonly [() => Tensor, () => Tensor],
): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const a = operation.input(0);
    const b = operation.input(1);
    const [ofA, ofB] = derivative(a, b, gradient, operation.output);
    return [wanted(0) ? unbroadcast(ofA(), a, b) : null, wanted(1) ? unbroadcast(ofB(), b, a) : null];
  });
}

/** dy/dx from x and y. */
function pointwise(derivative: (x: Tensor, y: Tensor, gradient: Tensor) => Tensor): GradientFunction {
  return ofFirst((operation, gradient) => [derivative(operation.input(0), operation.output, gradient)]);
}

/** TensorFlow's own gradient operations that take the result (SigmoidGrad) or the argument (ReluGrad) of the operation. */
function fromResult(type: string): GradientFunction {
  return pointwise((_, y, gradient) => call(gradient, type, [y, gradient]));
}
function fromArgument(type: string): GradientFunction {
  return pointwise((x, _, gradient) => call(gradient, type, [gradient, x]));
}

const sums = broadcastBinary((_a, _b, gradient) => [() => gradient, () => gradient]);

/** Where `a` won; equal values count for `a`, as in TensorFlow. */
function extremum(wins: (a: Tensor, b: Tensor) => Tensor): GradientFunction {
  return broadcastBinary((a, b, gradient) => {
    const mask = wins(a, b);
    const none = zerosLike(gradient);
    return [() => where(mask, gradient, none), () => where(mask, none, gradient)];
  });
}

const selectV2: OneOutputGradient = (operation, gradient, wanted) => {
  const [condition, a, b] = operation.inputs as [Tensor, Tensor, Tensor];
  const none = zerosLike(gradient);
  return [
    null,
    wanted(1) ? unbroadcast(where(condition, gradient, none), a, gradient) : null,
    wanted(2) ? unbroadcast(where(condition, none, gradient), b, gradient) : null,
  ];
};

const scaleSquareRoot = 2 / Math.sqrt(Math.PI);

function mapInputs(operation: Operation, gradient: Tensor): Tensor[] {
  return operation.inputs.map(() => gradient);
}

export const elementwiseGradients: Record<string, GradientFunction> = {
  Add: sums,
  AddV2: sums,
  AddN: ofFirst(mapInputs),
  Sub: broadcastBinary((_a, _b, gradient) => [() => gradient, () => negate(gradient)]),
  Mul: broadcastBinary((a, b, gradient) => [() => multiply(gradient, b), () => multiply(gradient, a)]),
  RealDiv: broadcastBinary((_a, b, gradient, quotient) => [
    () => divide(gradient, b),
    () => negate(multiply(divide(quotient, b), gradient)),
  ]),
  Div: broadcastBinary((_a, b, gradient, quotient) => [
    () => divide(gradient, b),
    () => negate(multiply(divide(quotient, b), gradient)),
  ]),
  DivNoNan: broadcastBinary((_a, b, gradient, quotient) => [
    () => call(gradient, 'DivNoNan', [gradient, b]),
    () => negate(multiply(call(gradient, 'DivNoNan', [quotient, b]), gradient)),
  ]),
  Maximum: extremum(greaterEqual),
  Minimum: extremum(lessEqual),
  Pow: broadcastBinary((a, b, gradient, result) => [
    () => multiply(gradient, multiply(b, power(a, subtract(b, 1)))),
    () => {
      const positive = greater(a, 0);
      const logarithm = where(positive, log(where(positive, a, call(a, 'OnesLike', [a]))), zerosLike(a));
      return multiply(gradient, multiply(result, logarithm));
    },
  ]),
  SquaredDifference: broadcastBinary((a, b, gradient) => {
    const twice = multiply(multiply(gradient, 2), subtract(a, b));
    return [() => twice, () => negate(twice)];
  }),
  Select: ofFirst((operation, gradient) => {
    const condition = operation.input(0);
    const none = zerosLike(gradient);
    return [
      null,
      call(gradient, 'Select', [condition, gradient, none]),
      call(gradient, 'Select', [condition, none, gradient]),
    ];
  }),
  SelectV2: ofFirst(selectV2),
  ClipByValue: ofFirst((operation, gradient) => {
    const [x, lower, upper] = operation.inputs as [Tensor, Tensor, Tensor];
    const below = less(x, lower);
    const above = greater(x, upper);
    const none = zerosLike(gradient);
    return [
      where(below, none, where(above, none, gradient)),
      unbroadcast(where(below, gradient, none), lower, x),
      unbroadcast(where(above, gradient, none), upper, x),
    ];
  }),

  Neg: pointwise((_x, _y, gradient) => negate(gradient)),
  Abs: pointwise((x, _y, gradient) => multiply(gradient, sign(x))),
  Square: pointwise((x, _y, gradient) => multiply(gradient, multiply(x, 2))),
  Sqrt: fromResult('SqrtGrad'),
  Rsqrt: fromResult('RsqrtGrad'),
  Reciprocal: fromResult('ReciprocalGrad'),
  Exp: pointwise((_x, y, gradient) => multiply(gradient, y)),
  Expm1: pointwise((x, _y, gradient) => multiply(gradient, exp(x))),
  Log: pointwise((x, _y, gradient) => multiply(gradient, reciprocal(x))),
  Log1p: pointwise((x, _y, gradient) => divide(gradient, add(x, 1))),
  Sin: pointwise((x, _y, gradient) => multiply(gradient, cos(x))),
  Cos: pointwise((x, _y, gradient) => negate(multiply(gradient, sin(x)))),
  Tan: pointwise((x, _y, gradient) => divide(gradient, square(cos(x)))),
  Asin: pointwise((x, _y, gradient) => divide(gradient, sqrt(subtract(1, square(x))))),
  Acos: pointwise((x, _y, gradient) => negate(divide(gradient, sqrt(subtract(1, square(x)))))),
  Atan: pointwise((x, _y, gradient) => divide(gradient, add(square(x), 1))),
  Sinh: pointwise((x, _y, gradient) => multiply(gradient, call(x, 'Cosh', [x]))),
  Cosh: pointwise((x, _y, gradient) => multiply(gradient, call(x, 'Sinh', [x]))),
  Erf: pointwise((x, _y, gradient) => multiply(gradient, multiply(exp(negate(square(x))), scaleSquareRoot))),
  Tanh: fromResult('TanhGrad'),
  Sigmoid: fromResult('SigmoidGrad'),
  Softplus: fromArgument('SoftplusGrad'),
  Softsign: fromArgument('SoftsignGrad'),
  Relu: pointwise((_x, y, gradient) => call(gradient, 'ReluGrad', [gradient, y])),
  Relu6: pointwise((_x, y, gradient) => call(gradient, 'Relu6Grad', [gradient, y])),
  LeakyRelu: ofFirst((operation, gradient) => [
    call(gradient, 'LeakyReluGrad', [gradient, operation.input(0)], { alpha: operation.attribute('alpha') }),
  ]),
  Elu: pointwise((_x, y, gradient) => call(gradient, 'EluGrad', [gradient, y])),
  Selu: pointwise((_x, y, gradient) => call(gradient, 'SeluGrad', [gradient, y])),
  Softmax: pointwise((_x, y, gradient) => {
    const weighted = multiply(gradient, y);
    return subtract(weighted, multiply(y, sum(weighted, [-1], { keepDimensions: true })));
  }),
  LogSoftmax: pointwise((_x, y, gradient) =>
    subtract(gradient, multiply(exp(y), sum(gradient, [-1], { keepDimensions: true }))),
  ),
  L2Loss: pointwise((x, _y, gradient) => multiply(x, gradient)),
  Cast: ofFirst((operation, gradient) => [cast(gradient, operation.input(0).dtype)]),
  Cumsum: ofFirst((operation, gradient) => [
    call(gradient, 'Cumsum', [gradient, operation.input(1)], {
      exclusive: operation.flag('exclusive'),
      reverse: !operation.flag('reverse'),
    }),
    null,
  ]),
  Identity: ofFirst((_operation, gradient) => [gradient]),
  IdentityN: (_operation, gradients) => gradients,
  EnsureShape: ofFirst((_operation, gradient) => [gradient]),
  CheckNumerics: ofFirst((_operation, gradient) => [gradient]),
  Snapshot: ofFirst((_operation, gradient) => [gradient]),
  DeepCopy: ofFirst((_operation, gradient) => [gradient]),

  Sum: ofFirst((operation, gradient) => [spread(operation, gradient), null]),
  Mean: ofFirst((operation, gradient) => {
    const x = operation.input(0);
    const counts = [x, operation.output].map((tensor) => call(tensor, 'Size', [tensor]));
    const { shape } = x;
    const known =
      shape?.every((size) => size !== null) && operation.output.shape?.every((size) => size !== null);
    const share = known
      ? (operation.output.shape as number[]).reduce((product, size) => product * size, 1) /
        (shape as number[]).reduce((product, size) => product * size, 1)
      : divide(cast(counts[1]!, gradient.dtype), cast(counts[0]!, gradient.dtype));
    return [spread(operation, multiply(gradient, share)), null];
  }),
  Max: ofFirst(extremeGradient),
  Min: ofFirst(extremeGradient),
  Prod: ofFirst((operation, gradient) => [
    divide(spread(operation, multiply(gradient, operation.output)), operation.input(0)),
    null,
  ]),
};

/** A reduction's gradient or result with the reduced axes kept at length 1. */
function keepingAxes(operation: Operation, tensor: Tensor): Tensor {
  if (operation.flag('keep_dims')) return tensor;
  const [x, axes] = operation.inputs as [Tensor, Tensor];
  const value = axes.operation.type === 'Const' ? axes.operation.attribute('value') : undefined;
  const rank = x.shape?.length;
  if (value && rank !== undefined) {
    const reduced = (value as { numbers(): number[] })
      .numbers()
      .map((axis) => (axis < 0 ? axis + rank : axis));
    const lengths = x.shape!.map((size, axis) => (reduced.includes(axis) ? 1 : size));
    if (lengths.filter((size) => size === null).length <= 1)
      return reshape(
        tensor,
        lengths.map((size) => size ?? -1),
      );
  }
  // shape with 1 in place of the reduced axes
  const shape = call(x, 'Shape', [x]);
  const ranks = call(x, 'Rank', [x]);
  const positive = call(x, 'FloorMod', [call(x, 'AddV2', [axes, ranks]), ranks]);
  const ones = call(x, 'OnesLike', [positive]);
  const places = call(x, 'ExpandDims', [positive, x.graph.constant(1, 'int32')]);
  return reshape(tensor, call(x, 'TensorScatterUpdate', [shape, places, ones]));
}

function spread(operation: Operation, gradient: Tensor): Tensor {
  const x = operation.input(0);
  return call(x, 'BroadcastTo', [keepingAxes(operation, gradient), shapeOf(x)]);
}

/** Shared among equal extremes, as TensorFlow does. */
function extremeGradient(operation: Operation, gradient: Tensor): readonly (Tensor | null)[] {
  const [x, axes] = operation.inputs as [Tensor, Tensor];
  const chosen = cast(equal(x, keepingAxes(operation, operation.output)), gradient.dtype);
  const count = sum(chosen, axes, { keepDimensions: true });
  return [multiply(divide(chosen, count), keepingAxes(operation, gradient)), null];
}
