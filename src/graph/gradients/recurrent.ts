import type { Operation, Tensor } from '../operation';
import { concat, fill, reshape, shapeOf, slice, stack, unstack, zerosLike } from '../operations/array';
import { add, matMul, sum } from '../operations/math';
import { call, type GradientFunction } from './gradient-function';

const outputs = { input: 0, cell: 1, forget: 2, output: 3, candidate: 4, cellOutput: 5, hidden: 6 } as const;

/** With more steps than this the graph would grow too large for what is won. */
const mostUnrolledSteps = 512;

/**
 * Backward through a BlockLSTM step by step: only what has to be done in order is (the gates' gradients, and one product a
 * step); the gradients of weights, bias and inputs follow in one product each over all steps, which takes two thirds of
 * BlockLSTMGrad's time.
 */
const blockLstm: GradientFunction = (operation, gradients, wanted) => {
  const known = [outputs.cell, outputs.hidden] as number[];
  gradients.forEach((gradient, index) => {
    if (gradient && !known.includes(index))
      throw operation.error('gradients flow through its hidden and cell states alone');
  });
  const time = operation.input(1).shape?.[0];
  if (typeof time !== 'number' || time > mostUnrolledSteps || operation.flag('use_peephole'))
    return whole(operation, gradients);
  return unrolled(operation, gradients, time, wanted);
};

function unrolled(
  operation: Operation,
  gradients: readonly (Tensor | null)[],
  time: number,
  wanted: (input: number) => boolean,
): readonly (Tensor | null)[] {
  const [, x, firstCell, firstHidden, weights, wci, wcf, wco, bias] = operation.inputs as Tensor[];
  const { graph } = operation;
  const units = bias!.shape![0]! / 4;
  const inputs = weights!.shape![0]! - units;
  const [ofInputs, ofHidden] = [
    slice(weights!, [0, 0], [inputs, 4 * units]),
    slice(weights!, [inputs, 0], [units, 4 * units]),
  ] as const;
  const states = operation.outputs.map((output) => unstack(output, time));
  const hiddenGradients = steps(gradients[outputs.hidden] ?? null, time);
  const cellGradients = steps(gradients[outputs.cell] ?? null, time);
  // The operation wants inputs and their weights, and looks at their shapes alone.
  const batch = slice(shapeOf(firstHidden!), [0], [1]);
  const noInputs = fill(graph, concat([batch, graph.constant([0], 'int32')], 0), 0);

  const gates: Tensor[] = [];
  let hiddenGradient: Tensor | undefined;
  let cellGradient: Tensor | undefined;
  for (let step = time - 1; step >= 0; step--) {
    const at = (output: keyof typeof outputs) => states[outputs[output]]![step]!;
    const before = (output: 'cell' | 'hidden', first: Tensor) =>
      step === 0 ? first : states[outputs[output]]![step - 1]!;
    const arriving = (flowing: Tensor | undefined, given: Tensor | undefined) =>
      flowing && given ? add(flowing, given) : (flowing ?? given ?? zerosLike(firstHidden!));
    const backward = graph.op(
      'LSTMBlockCellGrad',
      [
        noInputs,
        before('cell', firstCell!),
        before('hidden', firstHidden!),
        ofHidden,
        wci!,
        wcf!,
        wco!,
        bias!,
        at('input'),
        at('cell'),
        at('forget'),
        at('output'),
        at('candidate'),
        at('cellOutput'),
        arriving(cellGradient, cellGradients[step]),
        arriving(hiddenGradient, hiddenGradients[step]),
      ],
      { use_peephole: false },
      {
        shapes: [
          [null, units],
          [null, 4 * units],
        ],
      },
    );
    cellGradient = backward.out(0);
    gates[step] = backward.out(1);
    if (step > 0 || wanted(3)) hiddenGradient = matMul(backward.out(1), ofHidden, { transposeB: true });
  }

  const rows = reshape(stack(gates), [-1, 4 * units]);
  const all = operation.out(outputs.hidden);
  const earlier = concat(
    [call(firstHidden!, 'ExpandDims', [firstHidden!, 0]), slice(all, [0, 0, 0], [time - 1, -1, -1])],
    0,
  );
  const product = (values: Tensor, width: number) =>
    matMul(reshape(values, [-1, width]), rows, { transposeA: true });
  return [
    null,
    wanted(1) ? reshape(matMul(rows, ofInputs, { transposeB: true }), shapeOf(x!)) : null,
    wanted(2) ? cellGradient! : null,
    wanted(3) ? hiddenGradient! : null,
    wanted(4) ? concat([product(x!, inputs), product(earlier, units)], 0) : null,
    null,
    null,
    null,
    wanted(8) ? sum(rows, [0]) : null,
  ];
}

/** By steps; undefined where none comes. Steps that were taken one by one come back as they are. */
function steps(gradient: Tensor | null, time: number): (Tensor | undefined)[] {
  if (!gradient) return new Array<undefined>(time).fill(undefined);
  const { operation } = gradient;
  if (operation.type === 'Pack' && operation.int('axis') === 0)
    return operation.inputs.map((step) => (step.operation.type === 'ZerosLike' ? undefined : step));
  return unstack(gradient, time);
}

/** TensorFlow's own backward operation. */
function whole(operation: Operation, gradients: readonly (Tensor | null)[]): (Tensor | null)[] {
  const given = [outputs.cell, outputs.hidden].map(
    (index) => gradients[index] ?? zerosLike(operation.out(index)),
  );
  const backward = operation.graph.op(
    'BlockLSTMGrad',
    [...operation.inputs, ...operation.outputs, ...given],
    { use_peephole: operation.flag('use_peephole') },
    { shapes: operation.inputs.slice(1).map(({ shape }) => shape) },
  );
  return [null, ...backward.outputs];
}

export const recurrentGradients: Record<string, GradientFunction> = {
  BlockLSTM: blockLstm,
};
