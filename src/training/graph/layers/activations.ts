import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { unsupportedLayer } from './emitter';

type Activation = (x: Tensor) => Tensor;

/** Formulas of tfjs-layers' activations (tfjs-layers/src/activations.ts). */
const activations: Readonly<Record<string, Activation>> = {
  linear: (x) => x,
  relu: (x) => ops.relu(x),
  relu6: (x) => ops.relu6(x),
  elu: (x) => ops.elu(x),
  selu: (x) => ops.selu(x),
  sigmoid: (x) => ops.sigmoid(x),
  hardSigmoid: (x) => ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0, 1),
  softplus: (x) => ops.softplus(x),
  softsign: (x) => ops.softsign(x),
  tanh: (x) => ops.tanh(x),
  softmax: (x) => ops.softmax(x),
  logSoftmax: (x) => ops.logSoftmax(x),
  swish: (x) => ops.multiply(x, ops.sigmoid(x)),
  mish: (x) => ops.multiply(x, ops.tanh(ops.softplus(x))),
  gelu: (x) => ops.multiply(ops.multiply(x, 0.5), ops.add(ops.erf(ops.multiply(x, Math.SQRT1_2)), 1)),
};

/** By the name in a layer's configuration; nothing: linear. @throws DescentError `unsupported` */
export function activate(x: Tensor, activation: unknown, layer: string): Tensor {
  if (activation === undefined || activation === null) return x;
  const known = typeof activation === 'string' ? activations[activation] : undefined;
  if (!known) throw unsupportedLayer(layer, `its activation ${JSON.stringify(activation)} has no operations`);
  return known(x);
}
