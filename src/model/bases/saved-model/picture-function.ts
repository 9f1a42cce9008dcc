import { DescentError } from '../../../contract/errors';
import type {
  SavedArgument,
  SavedFunction,
  SavedModel,
  SavedTensor,
} from '../../../graph/import/read-saved-model';
import { formatShape } from '../../../graph/shape';

/** A function of a SavedModel that turns a batch of pictures into features. */
export interface PictureFunction {
  target: SavedFunction;
  /** float32 pixels in 0..1, or uint8 in 0..255: [batch, height, width, channels]. */
  dtype: 'float32' | 'uint8';
  /** Null where any size will do. */
  height: number | null;
  width: number | null;
  channels: 1 | 3;
  /** What the function's tensors get: the pictures, or a number that inference does not look at. */
  inputs: readonly ('pictures' | number)[];
  /** Which output the features are. */
  output: number;
  /** Sizes of one example's features, as far as they are known; null: nothing is known. */
  outputShape: readonly (number | null)[] | null;
}

/** The momentum of moving averages, an argument of Hub's picture models, which training alone uses. */
const momentum = { name: 'batch_norm_momentum', value: 0.99 };
/** Outputs by these names are meant for whoever wants one. */
const mainOutputs = ['default', 'feature_vector', 'output_0'];

/**
 * The function that `hub.KerasLayer` would call on pictures, in inference: `__call__`, or else a signature, with one input of
 * pictures and one output.
 * @throws DescentError `unsupported` telling of each function why it can't be taken
 */
export function findPictureFunction({ directory, functions }: SavedModel): PictureFunction {
  const refused: string[] = [];
  for (const target of inOrder(functions)) {
    const found = asPictureFunction(target);
    if (typeof found !== 'string') return found;
    refused.push(`${target.kind === 'call' ? '' : 'signature '}${target.name}: ${found}`);
  }
  throw new DescentError(
    'unsupported',
    `No function of the SavedModel in ${directory} takes one batch of pictures and gives one of features (${
      refused.length > 0 ? [...new Set(refused)].join('; ') : 'it has none that can be called'
    }).`,
    {
      subject: directory,
      remedy:
        'Choose a feature vector of TensorFlow 2, or save the model with a signature of one input [None, height, width, 3] and one output.',
    },
  );
}

function inOrder(functions: readonly SavedFunction[]): SavedFunction[] {
  const rank = ({ kind, name }: SavedFunction) => {
    if (kind === 'call') return 0;
    const place = ['serving_default', 'default', 'image_feature_vector'].indexOf(name);
    return 1 + (place < 0 ? 3 : place);
  };
  return [...functions].sort((a, b) => rank(a) - rank(b));
}

/** Or why it is none. */
function asPictureFunction(target: SavedFunction): PictureFunction | string {
  if (target.arguments.some((argument) => 'value' in argument && argument.value === true))
    return 'it is that of training';
  const tensors = target.arguments.filter(isTensor);
  const pictures = tensors.filter(({ name }) => name !== momentum.name);
  const [input, ...others] = pictures;
  if (!input) return 'it has no input';
  if (others.length > 0) return `it has ${pictures.length} inputs (${pictures.map(written).join(', ')})`;
  const { dtype, shape } = input;
  if (dtype !== 'float32' && dtype !== 'uint8') return `its input is ${written(input)}`;
  if (shape?.length !== 4) return `its input is ${written(input)}, not [batch, height, width, channels]`;
  const [batch, height, width, channels] = shape;
  if (batch !== null) return `it takes batches of ${batch} alone`;
  if (channels !== null && channels !== 1 && channels !== 3) return `its pictures have ${channels} channels`;
  const output = outputOf(target.outputs);
  if (typeof output === 'string') return output;
  const { shape: features } = target.outputs[output]!;
  if (features !== null && features.length !== 2 && features.length !== 4)
    return `its output is ${written(target.outputs[output]!)}, neither a vector nor a map for each picture`;
  return {
    target,
    dtype,
    height: height ?? null,
    width: width ?? null,
    channels: channels ?? 3,
    inputs: tensors.map(({ name }) => (name === momentum.name ? momentum.value : 'pictures')),
    output,
    outputShape: features?.slice(1) ?? null,
  };
}

function outputOf(outputs: readonly SavedTensor[]): number | string {
  const floating = outputs.flatMap(({ dtype }, index) => (dtype === 'float32' ? [index] : []));
  if (floating.length === 0) return 'it has no output of type float32';
  if (floating.length === 1) return floating[0]!;
  const main = mainOutputs.map((name) => floating.find((index) => outputs[index]!.name === name));
  return (
    main.find((index) => index !== undefined) ??
    `it has ${floating.length} outputs (${outputs.map(({ name }) => name).join(', ')})`
  );
}

function isTensor(argument: SavedArgument): argument is SavedTensor {
  return 'dtype' in argument;
}

function written({ name, dtype, shape }: SavedTensor): string {
  return `${name} ${dtype} ${formatShape(shape)}`;
}
