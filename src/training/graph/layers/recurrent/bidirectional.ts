import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { directionsOf } from '../../../../model/layer-numbers';
import { type LayerEmitter, unsupportedLayer } from '../emitter';

interface BidirectionalLayer {
  returnSequences: boolean;
  returnState: boolean;
}

export const bidirectional: LayerEmitter = (context) => {
  const { inputs, masks, config, name } = context;
  const { returnSequences, returnState } = context.layer as unknown as BidirectionalLayer;
  const [x, ...states] = inputs as [Tensor, ...Tensor[]];
  const half = states.length / 2;
  const results = directionsOf(context.layer)!.map((layer, direction) => {
    const own = states.slice(direction * half, (direction + 1) * half);
    return context.emit(layer, [x, ...own], { masks: [masks[0], ...own.map(() => undefined)] });
  });
  const [forward, backward] = results.map(([output]) => output!) as [Tensor, Tensor];
  const reversed = returnSequences ? ops.reverse(backward, [1]) : backward;
  const merged = merge(forward, reversed, config.mergeMode, name);
  return returnState ? [...merged, ...results.flatMap((outputs) => outputs.slice(1))] : merged;
};

function merge(forward: Tensor, backward: Tensor, mode: unknown, name: string): Tensor[] {
  switch (mode) {
    case 'concat':
      return [ops.concat([forward, backward], forward.rank - 1)];
    case 'sum':
      return [ops.add(forward, backward)];
    case 'ave':
      return [ops.multiply(ops.add(forward, backward), 0.5)];
    case 'mul':
      return [ops.multiply(forward, backward)];
    case null:
      return [forward, backward];
    default:
      throw unsupportedLayer(name, `its two directions are merged by ${JSON.stringify(mode)}`);
  }
}
