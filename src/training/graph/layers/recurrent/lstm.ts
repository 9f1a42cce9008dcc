import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { activate } from '../activations';
import type { LayerContext } from '../emitter';
import { masked, projectedSteps } from './projection';
import { type RecurrentCall, recurrent } from './recurrent-layer';
import { type Sequence, sequenceOf, sequenceOfSteps } from './sequence';

/** Gates in TF.js' and Keras' order: input, forget, candidate, output. */
export const lstm = recurrent({
  states: 2,
  run: (context, call) => {
    const { activation, recurrentActivation } = context.config;
    const usual = activation === 'tanh' && recurrentActivation === 'sigmoid' && !call.stateMask;
    const fusible = usual && !context.plain;
    return fusible ? fused(context, call) : unrolled(context, call);
  },
});

/** All steps in one operation of TensorFlow. */
function fused(context: LayerContext, { x, first }: RecurrentCall): Sequence[] {
  const weights = ops.concat(
    [context.weight('kernel'), context.weight('recurrent_kernel')].map(candidateSecond),
    0,
  );
  const bias = context.hasWeight('bias')
    ? candidateSecond(context.weight('bias'))
    : x.graph.constant(0, 'float32', { shape: [weights.shape![1]!] });
  const [hidden, cell] = first as [Tensor, Tensor];
  const sequence = ops.blockLstm(x, { hidden, cell }, weights, bias);
  return [sequenceOf(sequence.hidden), sequenceOf(sequence.cell)];
}

/** The order of TensorFlow's operation: input, candidate, forget, output. */
function candidateSecond(weight: Tensor): Tensor {
  const [input, forget, candidate, output] = ops.split(weight, 4, weight.rank - 1);
  return ops.concat([input!, candidate!, forget!, output!], weight.rank - 1);
}

function unrolled(context: LayerContext, { x, first, stateMask }: RecurrentCall): Sequence[] {
  const { config, name } = context;
  const kernel = context.weight('recurrent_kernel');
  const gate = (value: Tensor) => activate(value, config.recurrentActivation, name);
  const outer = (value: Tensor) => activate(value, config.activation, name);
  let [hidden, cell] = first as [Tensor, Tensor];
  const steps: { hidden: Tensor[]; cell: Tensor[] } = { hidden: [], cell: [] };
  for (const projected of projectedSteps(context, x)) {
    const gates = ops.add(projected, ops.matMul(masked(hidden, stateMask), kernel));
    const [input, forget, candidate, output] = ops.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    cell = ops.add(ops.multiply(gate(forget), cell), ops.multiply(gate(input), outer(candidate)));
    hidden = ops.multiply(gate(output), outer(cell));
    steps.hidden.push(hidden);
    steps.cell.push(cell);
  }
  return [sequenceOfSteps(steps.hidden), sequenceOfSteps(steps.cell)];
}
