import type { Tensor } from '../../../../graph/operation';
import * as ops from '../../../../graph/operations';
import { type LayerContext, type LayerEmitter, unsupportedLayer } from '../emitter';
import { MaskedSteps } from './masked-steps';
import { type Sequence, timeMajor, turned } from './sequence';

export interface RecurrentCall {
  /** [time, batch, inputs], with dropout applied. */
  x: Tensor;
  /** [batch, units] each. */
  first: readonly Tensor[];
  /** [batch, units]: what the state that goes into the products is multiplied by. */
  stateMask: Tensor | undefined;
}

export interface RecurrentCell {
  /** Each [batch, units]. */
  states: number;
  /** Each state after each step; the first is the output. */
  run(context: LayerContext, call: RecurrentCall): readonly Sequence[];
}

/** What `use` of a mask of dropout stands for. Part of the checkpoint format. */
const maskOf = { input: 0, state: 1 } as const;

/** A layer that goes through the steps of a sequence, [batch, time, inputs]. */
export function recurrent(cell: RecurrentCell): LayerEmitter {
  return (context) => {
    const { config, name } = context;
    const [given] = context.inputs as [Tensor];
    if (config.stateful === true) throw unsupportedLayer(name, 'it is stateful');
    if (given.rank !== 3 || given.shape![1] === null)
      throw unsupportedLayer(name, 'the number of its steps is not known');
    const units = Number(config.units);
    const backwards = config.goBackwards === true;
    const inTime = (x: Tensor, axis: number) => (backwards ? ops.reverse(x, [axis]) : x);

    let x = inTime(timeMajor(given), 0);
    const [mask] = context.masks;
    const masked = mask && new MaskedSteps(inTime(mask, 1));
    if (masked) x = masked.moved(x);
    const first = context.inputs.length > 1 ? context.inputs.slice(1) : zeroStates(x, units, cell.states);
    const inputMask = dropout(context, 'dropout', () => ops.element(x, 0), maskOf.input);
    if (inputMask) x = ops.multiply(x, inputMask);
    const stateMask = dropout(context, 'recurrentDropout', () => first[0]!, maskOf.state);
    const states = cell
      .run(context, { x, first, stateMask })
      .map((sequence, index) => (masked ? masked.states(sequence, first[index]!) : sequence));
    const output = config.returnSequences === true ? turned(states[0]!.whole()) : states[0]!.last();
    return config.returnState === true ? [output, ...states.map((state) => state.last())] : output;
  };
}

function zeroStates(x: Tensor, units: number, count: number): Tensor[] {
  const { graph } = x;
  const batch = ops.slice(ops.shapeOf(x), [1], [1]);
  const shape = ops.concat([batch, graph.constant([units], 'int32')], 0);
  const zeros = ops.ensureShape(ops.fill(graph, shape, 0), [x.shape![1]!, units]);
  return new Array<Tensor>(count).fill(zeros);
}

function dropout(
  context: LayerContext,
  name: 'dropout' | 'recurrentDropout',
  like: () => Tensor,
  use: number,
): Tensor | undefined {
  const rate = Number(context.config[name] ?? 0);
  // TF.js drops nothing at all at a rate of 1.
  return context.training && rate > 0 && rate < 1 ? context.dropoutMask(like(), rate, use) : undefined;
}
