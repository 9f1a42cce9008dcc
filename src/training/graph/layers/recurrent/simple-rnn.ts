import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { activate } from '../activations';
import { masked, projectedSteps } from './projection';
import { recurrent } from './recurrent-layer';
import { sequenceOfSteps } from './sequence';

export const simpleRnn = recurrent({
  states: 1,
  run: (context, { x, first, stateMask }) => {
    const kernel = context.weight('recurrent_kernel');
    let state = first[0]!;
    const steps: Tensor[] = [];
    for (const projected of projectedSteps(context, x)) {
      const sum = ops.add(projected, ops.matMul(masked(state, stateMask), kernel));
      state = activate(sum, context.config.activation, context.name);
      steps.push(state);
    }
    return [sequenceOfSteps(steps)];
  },
});
