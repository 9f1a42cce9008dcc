import type { AttributeValue, Operation, Tensor } from '../operation';
import { expandDims, shapeOf } from '../operations/array';
import { multiply, negate } from '../operations/math';
import { logSoftmax } from '../operations/neural';
import { call, type GradientFunction, ofFirst } from './gradient-function';

function copied(operation: Operation, names: readonly string[]): Record<string, AttributeValue | undefined> {
  return Object.fromEntries(names.map((name) => [name, operation.attributes[name]]));
}

function convolution(input: string, filter: string, names: readonly string[]): GradientFunction {
  return ofFirst((operation, gradient, wanted) => {
    const [x, kernel] = operation.inputs as [Tensor, Tensor];
    const attributes = copied(operation, names);
    return [
      wanted(0) ? call(x, input, [shapeOf(x), kernel, gradient], attributes) : null,
      wanted(1) ? call(x, filter, [x, shapeOf(kernel), gradient], attributes) : null,
    ];
  });
}

const window = ['strides', 'padding', 'explicit_paddings', 'data_format', 'dilations'];
const pool = ['ksize', 'strides', 'padding', 'data_format'];

const normalization: GradientFunction = (operation, [gradient]) => {
  if (!gradient) return operation.inputs.map(() => null);
  const training = operation.flag('is_training');
  const [x, scale, , mean, variance] = operation.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const backward = gradient.graph.op(
    'FusedBatchNormGradV3',
    [
      gradient,
      x,
      scale,
      training ? operation.out(3) : mean,
      training ? operation.out(4) : variance,
      operation.out(5),
    ],
    copied(operation, ['epsilon', 'is_training', 'data_format']),
  );
  return [backward.out(0), backward.out(1), backward.out(2), null, null];
};

/** The operation's second output is the gradient already. */
const sparseCrossEntropy = ofFirst((operation, gradient) => [
  multiply(expandDims(gradient, -1), operation.out(1)),
  null,
]);

const crossEntropy = ofFirst((operation, gradient, wanted) => {
  const row = expandDims(gradient, -1);
  const ofLabels = wanted(1) ? negate(multiply(row, logSoftmax(operation.input(0)))) : null;
  return [multiply(row, operation.out(1)), ofLabels];
});

export const neuralGradients: Record<string, GradientFunction> = {
  Conv2D: convolution('Conv2DBackpropInput', 'Conv2DBackpropFilter', window),
  Conv3D: convolution('Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2', [
    'strides',
    'padding',
    'data_format',
    'dilations',
  ]),
  DepthwiseConv2dNative: convolution(
    'DepthwiseConv2dNativeBackpropInput',
    'DepthwiseConv2dNativeBackpropFilter',
    window,
  ),
  BiasAdd: ofFirst((operation, gradient, wanted) => [
    gradient,
    wanted(1) ? call(gradient, 'BiasAddGrad', [gradient], copied(operation, ['data_format'])) : null,
  ]),
  MaxPool: ofFirst((operation, gradient) => [
    call(
      gradient,
      'MaxPoolGrad',
      [operation.input(0), operation.output, gradient],
      copied(operation, [...pool, 'explicit_paddings']),
    ),
  ]),
  AvgPool: ofFirst((operation, gradient) => [
    call(gradient, 'AvgPoolGrad', [shapeOf(operation.input(0)), gradient], copied(operation, pool)),
  ]),
  MaxPool3D: ofFirst((operation, gradient) => [
    call(
      gradient,
      'MaxPool3DGrad',
      [operation.input(0), operation.output, gradient],
      copied(operation, pool),
    ),
  ]),
  AvgPool3D: ofFirst((operation, gradient) => [
    call(gradient, 'AvgPool3DGrad', [shapeOf(operation.input(0)), gradient], copied(operation, pool)),
  ]),
  Conv3DBackpropInputV2: ofFirst((operation, gradient) => {
    const [, filter, x] = operation.inputs as [Tensor, Tensor, Tensor];
    const attributes = copied(operation, ['strides', 'padding', 'data_format', 'dilations']);
    return [
      null,
      call(x, 'Conv3DBackpropFilterV2', [gradient, shapeOf(filter), x], attributes),
      call(x, 'Conv3D', [gradient, filter], attributes),
    ];
  }),
  FusedBatchNormV3: normalization,
  SparseSoftmaxCrossEntropyWithLogits: sparseCrossEntropy,
  SoftmaxCrossEntropyWithLogits: crossEntropy,
  ResizeBilinear: ofFirst((operation, gradient) => [
    call(
      gradient,
      'ResizeBilinearGrad',
      [gradient, operation.input(0)],
      copied(operation, ['align_corners', 'half_pixel_centers']),
    ),
    null,
  ]),
  ResizeNearestNeighbor: ofFirst((operation, gradient) => {
    const x = operation.input(0);
    const size = call(x, 'Slice', [
      shapeOf(x),
      x.graph.constant([1], 'int32'),
      x.graph.constant([2], 'int32'),
    ]);
    const attributes = copied(operation, ['align_corners', 'half_pixel_centers']);
    return [call(gradient, 'ResizeNearestNeighborGrad', [gradient, size], attributes), null];
  }),
};
