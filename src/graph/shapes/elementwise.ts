import { broadcastShapes, formatShape, mergeShapes, type Shape } from '../shape';
import { knownAxes, likeFirst, type ShapeFunction } from './shape-function';

const unary =
  'Identity StopGradient PreventGradient DeepCopy Snapshot ZerosLike OnesLike CheckNumerics Abs Neg Sign Square Sqrt Rsqrt Exp Expm1 Log Log1p Reciprocal Floor Ceil Round Rint Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Erf Erfc Sigmoid Softplus Softsign IsFinite IsInf IsNan LogicalNot Relu Relu6 LeakyRelu Elu Selu Softmax LogSoftmax Cast Cumsum Cumprod ReverseV2 AdjustContrastv2 AdjustHue AdjustSaturation RGBToHSV HSVToRGB StringLower AsString LRN Roll InvertPermutation MatrixBandPart ClipByValue Lgamma StringToNumber StringToHashBucketFast StringLength FakeQuantWithMinMaxVars FakeQuantWithMinMaxArgs EnsureShape';
const binary =
  'Add AddV2 Sub Mul MulNoNan Div DivNoNan RealDiv FloorDiv FloorMod TruncateDiv Mod Maximum Minimum Pow SquaredDifference Atan2 Xdivy Xlogy Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift';
/** Gradients with respect to the argument: both inputs are shaped alike. */
const gradient =
  'SigmoidGrad TanhGrad SqrtGrad RsqrtGrad ReciprocalGrad SoftplusGrad SoftsignGrad ReluGrad Relu6Grad LeakyReluGrad EluGrad SeluGrad';
const reduction = 'Sum Mean Prod Max Min All Any EuclideanNorm';

const broadcast: ShapeFunction = (operation) => {
  const [a, b] = operation.inputs;
  const shape = broadcastShapes(a!.shape, b!.shape);
  if (shape === undefined)
    throw operation.error(
      `the shapes ${formatShape(a!.shape)} and ${formatShape(b!.shape)} don't fit together`,
    );
  return [shape];
};

const alike: ShapeFunction = (operation) => {
  let shape: Shape = null;
  for (const input of operation.inputs) {
    const merged = mergeShapes(shape, input.shape);
    if (merged === undefined)
      throw operation.error(
        `its inputs should be shaped alike, but are ${formatShape(shape)} and ${formatShape(input.shape)}`,
      );
    shape = merged;
  }
  return [shape];
};

const reduce: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const axes = knownAxes(operation, 1, shape?.length);
  if (shape === null || !axes) {
    const keeps = operation.flag('keep_dims') && shape !== null;
    return [keeps ? shape.map(() => null) : null];
  }
  if (operation.flag('keep_dims')) return [shape.map((size, axis) => (axes.includes(axis) ? 1 : size))];
  return [shape.filter((_, axis) => !axes.includes(axis))];
};

const select: ShapeFunction = (operation) => {
  const [condition, a, b] = operation.inputs;
  const values = broadcastShapes(a!.shape, b!.shape);
  const shape = values === undefined ? undefined : broadcastShapes(condition!.shape, values);
  if (shape === undefined) throw operation.error("condition and values don't fit together");
  return [shape];
};

const argument: ShapeFunction = (operation) => {
  const { shape } = operation.input(0);
  const axes = knownAxes(operation, 1, shape?.length);
  return [shape && axes ? shape.filter((_, axis) => axis !== axes[0]) : null];
};

const all = (names: string, infer: ShapeFunction) =>
  Object.fromEntries(names.split(' ').map((name) => [name, infer]));

export const elementwiseShapes: Record<string, ShapeFunction> = {
  ...all(unary, likeFirst),
  ...all(binary, broadcast),
  ...all(gradient, alike),
  ...all(reduction, reduce),
  AddN: alike,
  Select: (operation) => [mergeShapes(operation.input(1).shape, operation.input(2).shape) ?? null],
  SelectV2: select,
  ArgMax: argument,
  ArgMin: argument,
  L2Loss: () => [[]],
  IdentityN: (operation) => operation.inputs.map((input) => input.shape),
  EnsureShape: (operation) => {
    const wanted = operation.attribute('shape') as Shape;
    const shape = mergeShapes(operation.input(0).shape, wanted);
    if (shape === undefined) throw operation.error(`its input can't have the shape ${formatShape(wanted)}`);
    return [shape];
  },
};
