import type { Tensor } from '../../../graph/operation';
import * as ops from '../../../graph/operations';
import { encoderMaskUse } from '../../../model/bert/layers';
import { type LayerContext, type LayerEmitter, setting } from './emitter';

/* The operations of src/model/bert/layers.ts. */

/** Added to the scores of padding. */
const excluded = -1e9;

/** Frozen layers of BERT run in inference mode. */
function dropped(context: LayerContext, x: Tensor, rate: number, use: number): Tensor {
  if (!context.training || !context.layer.trainable || rate === 0) return x;
  return ops.multiply(x, context.dropoutMask(x, rate, use));
}

/** [rows, columns], each row by itself. */
function normalized(context: LayerContext, x: Tensor, name: string): Tensor {
  const axes = [x.rank - 1];
  const mean = ops.mean(x, axes, { keepDimensions: true });
  const centred = ops.subtract(x, mean);
  const variance = ops.mean(ops.square(centred), axes, { keepDimensions: true });
  const scale = ops.rsqrt(ops.add(variance, setting<number>(context, 'epsilon')));
  const scaled = ops.multiply(ops.multiply(centred, scale), context.weight(`${name}gamma`));
  return ops.add(scaled, context.weight(`${name}beta`));
}

function dense(context: LayerContext, rows: Tensor, name: string): Tensor {
  return ops.biasAdd(ops.matMul(rows, context.weight(`${name}kernel`)), context.weight(`${name}bias`));
}

export const bertEmbeddings: LayerEmitter = (context) => {
  const [ids, types] = context.inputs as [Tensor, Tensor?];
  const length = ids.shape![1]!;
  const hiddenSize = setting<number>(context, 'hiddenSize');
  const table = context.weight('token_type_embeddings');
  const places = ops.slice(context.weight('position_embeddings'), [0, 0], [length, hiddenSize]);
  const words = ops.gather(context.weight('word_embeddings'), ops.cast(ids, 'int32'));
  const sum = types
    ? ops.add(ops.add(words, ops.gather(table, ops.cast(types, 'int32'))), places)
    : ops.add(words, ops.add(places, ops.slice(table, [0, 0], [1, hiddenSize])));
  return dropped(context, normalized(context, sum, ''), setting(context, 'dropout'), 0);
};

export const bertPaddingMask: LayerEmitter = (context) => {
  const [ids] = context.inputs as [Tensor];
  const padding = ops.cast(ops.equal(ids, setting<number>(context, 'paddingId')), 'float32');
  return ops.reshape(ops.multiply(padding, excluded), [-1, 1, 1, ids.shape![1]!]);
};

export const bertEncoderLayer: LayerEmitter = (context) => {
  const [x, mask] = context.inputs as [Tensor, Tensor];
  const hiddenSize = setting<number>(context, 'hiddenSize');
  const length = x.shape![1]!;
  const rate = setting<number>(context, 'dropout');
  const flat = (whole: Tensor) => ops.reshape(whole, [-1, hiddenSize]);
  const droppedRows = (rows: Tensor, use: number) =>
    context.training && context.layer.trainable && rate > 0
      ? flat(dropped(context, ops.reshape(rows, [-1, length, hiddenSize]), rate, use))
      : rows;
  // Rows of all texts one after the other: products, sums and norms take them as they are.
  const rows = flat(x);
  const attended = dense(context, attention(context, rows, mask, length), 'projection_');
  const middle = normalized(
    context,
    ops.add(droppedRows(attended, encoderMaskUse.projection), rows),
    'attention_',
  );
  const wide = activate(dense(context, middle, 'intermediate_'), setting(context, 'activation'));
  const narrow = droppedRows(dense(context, wide, 'output_'), encoderMaskUse.output);
  const output = normalized(context, ops.add(narrow, middle), 'output_');
  return ops.reshape(output, [-1, length, hiddenSize]);
};

/** [batch * length, hidden] -> the same. */
function attention(context: LayerContext, rows: Tensor, mask: Tensor, length: number): Tensor {
  const hiddenSize = setting<number>(context, 'hiddenSize');
  const heads = setting<number>(context, 'heads');
  const size = hiddenSize / heads;
  const all = dense(context, rows, 'attention_');
  const parts = ops.transpose(ops.reshape(all, [-1, length, 3, heads, size]), [2, 0, 3, 1, 4]);
  const [queries, keys, values] = ops.unstack(parts, 3) as [Tensor, Tensor, Tensor];
  const scores = ops.batchMatMul(ops.multiply(queries, 1 / Math.sqrt(size)), keys, { transposeB: true });
  const shares = ops.softmax(ops.add(scores, mask));
  const kept = dropped(context, shares, setting(context, 'attentionDropout'), encoderMaskUse.attention);
  return ops.reshape(ops.transpose(ops.batchMatMul(kept, values), [0, 2, 1, 3]), [-1, hiddenSize]);
}

export const bertPooler: LayerEmitter = (context) => {
  const [x] = context.inputs as [Tensor];
  const hiddenSize = setting<number>(context, 'hiddenSize');
  const first = ops.reshape(ops.slice(x, [0, 0, 0], [-1, 1, hiddenSize]), [-1, hiddenSize]);
  return ops.tanh(dense(context, first, ''));
};

export const bertMeanPooling: LayerEmitter = (context) => {
  const [x, ids] = context.inputs as [Tensor, Tensor];
  const counts = ops.cast(ops.notEqual(ids, setting<number>(context, 'paddingId')), 'float32');
  const sum = ops.sum(ops.multiply(x, ops.expandDims(counts, -1)), [1]);
  return ops.divide(sum, ops.maximum(ops.sum(counts, [1], { keepDimensions: true }), 1));
};

function activate(x: Tensor, activation: 'gelu' | 'geluTanh' | 'relu'): Tensor {
  if (activation === 'relu') return ops.relu(x);
  const inner =
    activation === 'gelu'
      ? ops.erf(ops.multiply(x, Math.SQRT1_2))
      : ops.tanh(
          ops.multiply(
            ops.add(x, ops.multiply(ops.multiply(ops.square(x), x), 0.044715)),
            Math.sqrt(2 / Math.PI),
          ),
        );
  return ops.multiply(ops.multiply(x, 0.5), ops.add(inner, 1));
}
