import type { TensorLike } from '../bind';
import type { DType } from '../dtype';
import type { Tensor } from '../operation';
import { binary, graphOf, unary } from './support';

// Element by element, with NumPy's broadcasting. Numbers become constants of the other operand's type.
export const add = binary('AddV2');
export const subtract = binary('Sub');
export const multiply = binary('Mul');
export const divide = binary('RealDiv');
export const divideNoNan = binary('DivNoNan');
export const floorDivide = binary('FloorDiv');
export const modulo = binary('FloorMod');
export const maximum = binary('Maximum');
export const minimum = binary('Minimum');
export const power = binary('Pow');
export const squaredDifference = binary('SquaredDifference');
export const atan2 = binary('Atan2');

export const abs = unary('Abs');
export const negate = unary('Neg');
export const sign = unary('Sign');
export const square = unary('Square');
export const sqrt = unary('Sqrt');
export const rsqrt = unary('Rsqrt');
export const exp = unary('Exp');
export const expm1 = unary('Expm1');
export const log = unary('Log');
export const log1p = unary('Log1p');
export const reciprocal = unary('Reciprocal');
export const floor = unary('Floor');
export const ceil = unary('Ceil');
/** Half to even. */
export const round = unary('Round');
export const sin = unary('Sin');
export const cos = unary('Cos');
export const tan = unary('Tan');
export const asin = unary('Asin');
export const acos = unary('Acos');
export const atan = unary('Atan');
export const sinh = unary('Sinh');
export const cosh = unary('Cosh');
export const tanh = unary('Tanh');
export const erf = unary('Erf');
export const sigmoid = unary('Sigmoid');
export const softplus = unary('Softplus');
export const softsign = unary('Softsign');
export const finite = unary('IsFinite');
export const notANumber = unary('IsNan');

export const equal = binary('Equal');
export const notEqual = binary('NotEqual');
export const less = binary('Less');
export const lessEqual = binary('LessEqual');
export const greater = binary('Greater');
export const greaterEqual = binary('GreaterEqual');
export const logicalAnd = binary('LogicalAnd');
export const logicalOr = binary('LogicalOr');
export const logicalNot = unary('LogicalNot');

/** `a` where the condition holds, else `b`. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike, name?: string): Tensor {
  return condition.graph.op('SelectV2', [condition, a, b], {}, { name }).output;
}

/** The sum of tensors of one shape. */
export function addN(tensors: readonly Tensor[], name?: string): Tensor {
  if (tensors.length === 1) return tensors[0]!;
  return graphOf(tensors).op('AddN', [tensors], {}, { name }).output;
}

/** Limits values; the gradient passes where they were within. */
export function clip(x: Tensor, lower: TensorLike, upper: TensorLike): Tensor {
  return maximum(minimum(x, upper), lower);
}

/** A tensor of that type already is returned as it is. */
export function cast(x: Tensor, dtype: DType, name?: string): Tensor {
  return x.dtype === dtype ? x : x.graph.op('Cast', [x], { DstT: dtype }, { name }).output;
}

/** Half the sum of squares. */
export const l2Loss = unary('L2Loss');

export function cumulativeSum(
  x: Tensor,
  axis: number,
  options: { exclusive?: boolean; reverse?: boolean; name?: string } = {},
): Tensor {
  const { exclusive, reverse, name } = options;
  return x.graph.op('Cumsum', [x, axis], { exclusive, reverse }, { name }).output;
}

export interface ReductionOptions {
  keepDimensions?: boolean;
  name?: string;
}

/** All axes by default. */
export type Reduction = (x: Tensor, axes?: readonly number[] | Tensor, options?: ReductionOptions) => Tensor;

function reduction(type: string): Reduction {
  return (x, axes, { keepDimensions, name } = {}) => {
    const over = axes ?? allAxes(x);
    return x.graph.op(type, [x, over], { keep_dims: keepDimensions }, { name }).output;
  };
}

function allAxes(x: Tensor): Tensor {
  if (x.shape)
    return x.graph.constant(
      x.shape.map((_, axis) => axis),
      'int32',
      { shape: [x.shape.length] },
    );
  const rank = x.graph.op('Rank', [x]).output;
  return x.graph.op('Range', [x.graph.constant(0, 'int32'), rank, x.graph.constant(1, 'int32')]).output;
}

export const sum = reduction('Sum');
export const mean = reduction('Mean');
export const product = reduction('Prod');
export const max = reduction('Max');
export const min = reduction('Min');
export const all = reduction('All');
export const any = reduction('Any');

/** Index (int32) of the largest value along an axis; the first of equals. */
export function argMax(x: Tensor, axis: number, name?: string): Tensor {
  return x.graph.op('ArgMax', [x, axis], { output_type: 'int32' }, { name }).output;
}

/** [rows, inner] · [inner, columns]. */
export function matMul(
  a: Tensor,
  b: Tensor,
  options: { transposeA?: boolean; transposeB?: boolean; name?: string } = {},
): Tensor {
  const { transposeA, transposeB, name } = options;
  return a.graph.op('MatMul', [a, b], { transpose_a: transposeA, transpose_b: transposeB }, { name }).output;
}

/** Products of the last two axes; the axes before them are broadcast. */
export function batchMatMul(
  a: Tensor,
  b: Tensor,
  options: { transposeA?: boolean; transposeB?: boolean; name?: string } = {},
): Tensor {
  const { transposeA, transposeB, name } = options;
  return a.graph.op('BatchMatMulV2', [a, b], { adj_x: transposeA, adj_y: transposeB }, { name }).output;
}
