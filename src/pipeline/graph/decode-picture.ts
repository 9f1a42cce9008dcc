import type { PictureShape } from '../../dataset/common/pixels';
import type { FunctionArgument } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';

/** How the bytes of a picture file are written, as far as TensorFlow decodes them to the house's bytes. */
export const fileKinds = ['jpeg', 'png', 'bmp'] as const;
export type FileKind = (typeof fileKinds)[number];

/** The largest float32 below one half: with it, cutting off after adding is floor(x + 0.5) computed exactly. */
const belowHalf = 0.5 - 2 ** -25;

/** By EXIF orientation (0: none known): where in [rows, columns] the reversed axes begin, how many, and the order of axes after. */
const turns = {
  first: [0, 0, 1, 0, 0, 0, 0, 0, 1],
  count: [0, 0, 1, 2, 1, 0, 1, 2, 1],
  order: Array.from({ length: 9 }, (_, orientation) => (orientation >= 5 ? [1, 0, 2] : [0, 1, 2])),
};

/**
 * The bytes of a picture file -> uint8 [height, width, channels], byte for byte what `loadPicture` gives.
 *
 * @param bytes string []
 * @param kind int32 []: index in `fileKinds`
 * @param kinds those that occur
 * @param orientation int32 []: EXIF orientation 1..8; absent when all pictures stand upright
 */
export function decodeToShape(
  bytes: Tensor,
  kind: Tensor,
  kinds: ReadonlySet<FileKind>,
  orientation: Tensor | undefined,
  { height, width, channels }: PictureShape,
): Tensor {
  const decoded = decodeByKind(bytes, kind, kinds);
  const standing = orientation ? upright(decoded, orientation) : decoded;
  const coloured = channels === 1 ? luma(standing) : standing;
  const resized = ops.resizeBilinear(ops.expandDims(coloured, 0), [height, width]);
  return ops.reshape(ops.cast(ops.add(resized, belowHalf), 'uint8'), [height, width, channels]);
}

const decoders: Record<FileKind, (bytes: Tensor) => Tensor> = {
  jpeg: (bytes) => ops.decodeJpeg(bytes, 3),
  png: decodePngOnWhite,
  bmp: (bytes) => ops.decodeBmp(bytes, 3),
};

/** uint8 [?, ?, 3]. */
function decodeByKind(bytes: Tensor, kind: Tensor, kinds: ReadonlySet<FileKind>): Tensor {
  const [first, ...others] = fileKinds.filter((name) => kinds.has(name));
  if (first === undefined || others.length === 0) return decoders[first ?? 'jpeg'](bytes);
  return choose(
    ops.equal(kind, fileKinds.indexOf(first)),
    [bytes, kind],
    ([content]) => decoders[first](content!),
    ([content, code]) => decodeByKind(content!, code!, new Set(others)),
  );
}

/** uint8 [?, ?, 3]: transparency laid on white by the whole numbers of `overWhite`. */
function decodePngOnWhite(bytes: Tensor): Tensor {
  const picture = ops.decodePng(bytes, 4);
  const alpha = lastAxis(picture, 3, 4);
  return choose(
    ops.equal(ops.min(alpha), picture.graph.constant(255, 'uint8')),
    [picture],
    ([opaque]) => lastAxis(opaque!, 0, 3),
    ([transparent]) => overWhite(transparent!),
  );
}

/** round(v·a/255) + 255 - a in float32, where all intermediate values are whole and below 2^24, hence exact. */
function overWhite(picture: Tensor): Tensor {
  const values = ops.cast(lastAxis(picture, 0, 3), 'float32');
  const alpha = ops.cast(lastAxis(picture, 3, 4), 'float32');
  const product = ops.add(ops.multiply(values, alpha), 128);
  const carried = ops.add(product, ops.floor(ops.multiply(product, 1 / 256)));
  const share = ops.floor(ops.multiply(carried, 1 / 256));
  return ops.cast(ops.add(share, ops.subtract(255, alpha)), 'uint8');
}

/** uint8 [?, ?, 3] -> float32 [?, ?, 1], whole numbers: (19595 r + 38470 g + 7471 b + 32768) >> 16, exact in float32. */
function luma(picture: Tensor): Tensor {
  const weights = picture.graph.constant([19595, 38470, 7471], 'float32');
  const weighted = ops.multiply(ops.cast(picture, 'float32'), weights);
  const sum = ops.sum(weighted, [2], { keepDimensions: true });
  return ops.floor(ops.multiply(ops.add(sum, 32768), 1 / 65536));
}

function upright(picture: Tensor, orientation: Tensor): Tensor {
  return choose(
    ops.greater(orientation, 1),
    [picture, orientation],
    ([stored, code]) => {
      const { graph } = stored!;
      const look = (table: readonly number[] | number[][]) =>
        ops.gather(graph.constant(table, 'int32'), ops.reshape(code!, [1]));
      const axes = ops.slice(graph.constant([0, 1], 'int32'), look(turns.first), look(turns.count));
      const mirrored = graph.op('ReverseV2', [stored!, axes]).output;
      const order = ops.reshape(look(turns.order), [3]);
      return graph.op('Transpose', [mirrored, order], {}, { shapes: [[null, null, 3]] }).output;
    },
    ([standing]) => ops.identity(standing!),
  );
}

/** `whenTrue` or `whenFalse` of the inputs; only one of them is computed. */
export function choose(
  condition: Tensor,
  inputs: readonly Tensor[],
  whenTrue: (inputs: Tensor[]) => Tensor,
  whenFalse: (inputs: Tensor[]) => Tensor,
): Tensor {
  const { graph } = condition;
  const parameters: FunctionArgument[] = inputs.map(({ dtype, shape }, index) => ({
    name: `input_${index}`,
    dtype,
    shape,
  }));
  const thenBranch = graph.defineFunction('when_true', parameters, (given) => [whenTrue(given)]);
  const elseBranch = graph.defineFunction('when_false', parameters, (given) => [whenFalse(given)]);
  const [output] = thenBranch.outputs;
  return graph.op(
    thenBranch.stateful || elseBranch.stateful ? 'If' : 'StatelessIf',
    [condition, inputs],
    {
      then_branch: thenBranch,
      else_branch: elseBranch,
      Tout: [output!.dtype],
      output_shapes: [output!.shape],
    },
    { shapes: [output!.shape] },
  ).output;
}

/** Places `from` up to `to` of the third axis. */
function lastAxis(picture: Tensor, from: number, to: number): Tensor {
  const { graph } = picture;
  return graph.op(
    'Slice',
    [picture, graph.constant([0, 0, from], 'int32'), graph.constant([-1, -1, to - from], 'int32')],
    {},
    { shapes: [[null, null, to - from]] },
  ).output;
}
