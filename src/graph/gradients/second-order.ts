import type { AttributeValue, Operation, Tensor } from '../operation';
import { zerosLike } from '../operations/array';
import {
  abs,
  add,
  divide,
  exp,
  less,
  multiply,
  negate,
  sign,
  square,
  subtract,
  where,
} from '../operations/math';
import { call, type GradientFunction, ofFirst } from './gradient-function';

/*
 * Gradients of the operations that gradients consist of, for losses that contain gradients (gradient penalties). Formulas of
 * tensorflow/python/ops/{math_grad,nn_grad}.py.
 */

/** The derivative doesn't depend on the second input's exact value: relu and its like. */
function piecewise(type: string, attribute?: string): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const feature = operation.input(1);
    return [
      call(gradient, type, [gradient, feature], attribute ? copied(operation, [attribute]) : {}),
      wanted(1) ? zerosLike(feature) : null,
    ];
  });
}

/** elu and selu: the gradient takes the result, and below zero grows with it. */
function exponentialBelowZero(type: string): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [incoming, result] = operation.inputs as [Tensor, Tensor];
    return [
      call(gradient, type, [gradient, result]),
      wanted(1)
        ? where(less(result, zerosLike(result)), multiply(gradient, incoming), zerosLike(result))
        : null,
    ];
  });
}

/** type(y, dy): `byResult` is the derivative by y, for one unit of the gradient. */
function fromResult(type: string, byResult: (y: Tensor, dy: Tensor) => Tensor): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [y, dy] = operation.inputs as [Tensor, Tensor];
    return [wanted(0) ? multiply(gradient, byResult(y, dy)) : null, call(gradient, type, [y, gradient])];
  });
}

/** type(dy, x): `byArgument` is the derivative by x, for one unit of the gradient. */
function fromArgument(type: string, byArgument: (x: Tensor, dy: Tensor) => Tensor): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [dy, x] = operation.inputs as [Tensor, Tensor];
    return [call(gradient, type, [gradient, x]), wanted(1) ? multiply(gradient, byArgument(x, dy)) : null];
  });
}

function copied(operation: Operation, names: readonly string[]): Record<string, AttributeValue | undefined> {
  return Object.fromEntries(names.map((name) => [name, operation.attributes[name]]));
}

const window = ['strides', 'padding', 'explicit_paddings', 'data_format', 'dilations'];
const pool = ['ksize', 'strides', 'padding', 'data_format'];

/** Of the gradient by the input: a convolution of the same filter. */
function ofInputGradient(forward: string, byFilter: string): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [, filter, dy] = operation.inputs as [Tensor, Tensor, Tensor];
    const attributes = copied(operation, window);
    return [
      null,
      wanted(1) ? call(dy, byFilter, [gradient, call(filter, 'Shape', [filter]), dy], attributes) : null,
      wanted(2) ? call(dy, forward, [gradient, filter], attributes) : null,
    ];
  });
}

/** Of the gradient by the filter, which the incoming gradient has the shape of. */
function ofFilterGradient(forward: string, byInput: string): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [x, , dy] = operation.inputs as [Tensor, Tensor, Tensor];
    const attributes = copied(operation, window);
    return [
      wanted(0) ? call(dy, byInput, [call(x, 'Shape', [x]), gradient, dy], attributes) : null,
      null,
      wanted(2) ? call(dy, forward, [x, gradient], attributes) : null,
    ];
  });
}

export const secondOrderGradients: Record<string, GradientFunction> = {
  ReluGrad: piecewise('ReluGrad'),
  Relu6Grad: piecewise('Relu6Grad'),
  LeakyReluGrad: piecewise('LeakyReluGrad', 'alpha'),
  EluGrad: exponentialBelowZero('EluGrad'),
  SeluGrad: exponentialBelowZero('SeluGrad'),
  TanhGrad: fromResult('TanhGrad', (y, dy) => multiply(multiply(dy, y), -2)),
  SigmoidGrad: fromResult('SigmoidGrad', (y, dy) => multiply(dy, subtract(1, multiply(y, 2)))),
  SqrtGrad: fromResult('SqrtGrad', (y, dy) => divide(multiply(dy, -0.5), square(y))),
  RsqrtGrad: fromResult('RsqrtGrad', (y, dy) => multiply(multiply(dy, square(y)), -1.5)),
  ReciprocalGrad: fromResult('ReciprocalGrad', (y, dy) => multiply(multiply(dy, y), -2)),
  SoftplusGrad: fromArgument('SoftplusGrad', (x, dy) => divide(dy, add(add(exp(negate(x)), 2), exp(x)))),
  SoftsignGrad: fromArgument('SoftsignGrad', (x, dy) => {
    const size = add(abs(x), 1);
    return divide(multiply(multiply(sign(x), dy), -2), multiply(square(size), size));
  }),
  BiasAddGrad: ofFirst((operation, gradient) => [
    call(gradient, 'BiasAdd', [zerosLike(operation.input(0)), gradient], copied(operation, ['data_format'])),
  ]),
  Conv2DBackpropInput: ofInputGradient('Conv2D', 'Conv2DBackpropFilter'),
  Conv2DBackpropFilter: ofFilterGradient('Conv2D', 'Conv2DBackpropInput'),
  DepthwiseConv2dNativeBackpropInput: ofInputGradient(
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropFilter',
  ),
  DepthwiseConv2dNativeBackpropFilter: ofFilterGradient(
    'DepthwiseConv2dNative',
    'DepthwiseConv2dNativeBackpropInput',
  ),
  MaxPoolGrad: ofFirst((operation, gradient) => {
    const [x, y] = operation.inputs as [Tensor, Tensor, Tensor];
    return [
      zerosLike(x),
      zerosLike(y),
      call(gradient, 'MaxPoolGradGrad', [x, y, gradient], copied(operation, pool)),
    ];
  }),
  AvgPoolGrad: ofFirst((operation, gradient) => [
    null,
    call(gradient, 'AvgPool', [gradient], copied(operation, pool)),
  ]),
};
