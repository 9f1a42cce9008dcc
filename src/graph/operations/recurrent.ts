import type { Operation, Tensor } from '../operation';
import { element, shapeOf } from './array';
import { cast } from './math';

export interface LstmSequence {
  /** [time, batch, units] each. */
  hidden: Tensor;
  cell: Tensor;
  operation: Operation;
}

/**
 * An LSTM over whole sequences in one operation (tanh, logistic gates): x [time, batch, inputs], first states [batch, units],
 * weights [inputs + units, 4 units] and bias [4 units] with the gates in the order input, cell, forget, output.
 */
export function blockLstm(
  x: Tensor,
  states: { hidden: Tensor; cell: Tensor },
  weights: Tensor,
  bias: Tensor,
  name?: string,
): LstmSequence {
  const { graph } = x;
  const units = bias.shape![0]! / 4;
  // Peepholes aren't used, but have to be there.
  const peephole = graph.constant(0, 'float32', { shape: [units] });
  const time = x.shape?.[0];
  const length =
    typeof time === 'number' ? graph.constant(time, 'int64') : cast(element(shapeOf(x), 0), 'int64');
  const operation = graph.op(
    'BlockLSTM',
    [length, x, states.cell, states.hidden, weights, peephole, peephole, peephole, bias],
    { forget_bias: 0, cell_clip: -1 },
    { name },
  );
  return { hidden: operation.out(6), cell: operation.out(1), operation };
}
