import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { activate } from '../activations';
import { masked, projectedSteps } from './projection';
import { recurrent } from './recurrent-layer';
import { sequenceOfSteps } from './sequence';

/** Gates in the order update, reset, candidate; the reset gate comes before the product, the one way that TF.js knows. */
export const gru = recurrent({
  states: 1,
  run: (context, { x, first, stateMask }) => {
    const { config, name } = context;
    const units = Number(config.units);
    const [ofGates, ofCandidate] = ops.split(context.weight('recurrent_kernel'), [2 * units, units], 1) as [
      Tensor,
      Tensor,
    ];
    const gate = (value: Tensor) => activate(value, config.recurrentActivation, name);
    let state = first[0]!;
    const steps: Tensor[] = [];
    for (const projected of projectedSteps(context, x)) {
      // TF.js carries the masked state on.
      const before = masked(state, stateMask);
      const [gates, candidate] = ops.split(projected, [2 * units, units], 1) as [Tensor, Tensor];
      const both = gate(ops.add(gates, ops.matMul(before, ofGates)));
      const [update, reset] = ops.split(both, 2, 1) as [Tensor, Tensor];
      const inner = ops.add(candidate, ops.matMul(ops.multiply(reset, before), ofCandidate));
      const proposed = activate(inner, config.activation, name);
      state = ops.add(proposed, ops.multiply(update, ops.subtract(before, proposed)));
      steps.push(state);
    }
    return [sequenceOfSteps(steps)];
  },
});
