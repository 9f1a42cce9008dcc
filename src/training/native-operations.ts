import * as tf from '@tensorflow/tfjs';

interface Attribute {
  name: string;
  type: number;
  value: number | string | boolean;
}

/** What of tfjs-node's back end runs any operation of TensorFlow on eager tensors. */
interface EagerBackend {
  binding: Record<'TF_FLOAT' | 'TF_INT32' | AttributeType, number>;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

type AttributeType = 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL';

const backend = () => tf.backend() as unknown as EagerBackend;

function attribute(name: string, type: AttributeType, value: Attribute['value']): Attribute {
  return { name, type: backend().binding[type], value };
}

const floats = (name = 'T') => attribute(name, 'TF_ATTR_TYPE', backend().binding.TF_FLOAT);

/** An operation of one float32 output whose only attribute is T = float32. */
function simple(name: string, ...inputs: tf.Tensor[]): tf.Tensor {
  return backend().executeSingleOutput(name, [floats()], inputs);
}

export const reluGradient = (dy: tf.Tensor, x: tf.Tensor) => simple('ReluGrad', dy, x);
export const relu6Gradient = (dy: tf.Tensor, x: tf.Tensor) => simple('Relu6Grad', dy, x);
export const sigmoidGradient = (y: tf.Tensor, dy: tf.Tensor) => simple('SigmoidGrad', y, dy);
export const tanhGradient = (y: tf.Tensor, dy: tf.Tensor) => simple('TanhGrad', y, dy);
/** [..., channels] -> [channels]; of rank 2 to 5. */
export const biasGradient = (dy: tf.Tensor) =>
  backend().executeSingleOutput(
    'BiasAddGrad',
    [floats(), attribute('data_format', 'TF_ATTR_STRING', 'NHWC')],
    [dy],
  );

/** Logits [batch, classes] and int32 labels [batch] -> losses [batch] and their gradients by the logits. */
export function sparseCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): [tf.Tensor1D, tf.Tensor2D] {
  const labelType = attribute('Tlabels', 'TF_ATTR_TYPE', backend().binding.TF_INT32);
  return backend().executeMultipleOutputs(
    'SparseSoftmaxCrossEntropyWithLogits',
    [floats(), labelType],
    [logits, labels],
    2,
  ) as [tf.Tensor1D, tf.Tensor2D];
}

const normalizationAttributes = (epsilon: number) => [
  floats(),
  floats('U'),
  attribute('epsilon', 'TF_ATTR_FLOAT', epsilon),
  attribute('data_format', 'TF_ATTR_STRING', 'NHWC'),
  attribute('is_training', 'TF_ATTR_BOOL', true),
];

export interface Normalized {
  y: tf.Tensor4D;
  mean: tf.Tensor1D;
  /** With n - 1 in the denominator. */
  variance: tf.Tensor1D;
  /** For the gradient: what the kernel keeps. */
  reserved: tf.Tensor[];
}

/** FusedBatchNormV3 in training, over the last axis: x [batch, height, width, channels], the others [channels]. */
export function normalizeBatch(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): Normalized {
  const none = tf.tensor1d([], 'float32');
  const outputs = backend().executeMultipleOutputs(
    'FusedBatchNormV3',
    normalizationAttributes(epsilon),
    [x, gamma, beta, none, none],
    6,
  );
  const [y, mean, variance, ...reserved] = outputs as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D, ...tf.Tensor[]];
  return { y, mean, variance, reserved };
}

/** Gradients of `normalizeBatch` by x, gamma and beta. */
export function normalizeBatchGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  gamma: tf.Tensor,
  reserved: readonly tf.Tensor[],
  epsilon: number,
): tf.Tensor[] {
  return backend()
    .executeMultipleOutputs(
      'FusedBatchNormGradV3',
      normalizationAttributes(epsilon),
      [dy, x, gamma, ...reserved],
      5,
    )
    .slice(0, 3);
}
