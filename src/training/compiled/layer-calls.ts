import * as tf from '@tensorflow/tfjs';
import { DescentError } from '../../contract/errors';
import { gradients } from '../../graph/gradients/gradients';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Recorder } from '../../graph/tracer/record';
import type { Variable } from '../../graph/variable';
import { allowingGradient } from '../graph/custom-gradients';
import { emitCall } from '../graph/emit-model';
import type { LaterSubtraction } from '../graph/layers/emitter';
import type { StepWeights } from './step-weights';

type Layer = tf.layers.Layer;
type Inputs = tf.Tensor | tf.Tensor[];

/** Draws the mask of a layer in the `call`-th call of a step. */
export type MaskOfCall = (layer: Layer, call: number, like: Tensor, rate: number, use: number) => Tensor;

interface Emitted {
  inputs: Tensor[];
  outputs: readonly Tensor[];
}

/**
 * What models and layers compute in a traced function: in place of their eager operations stand those of the compiled step,
 * with stateless dropout and with moving averages.
 */
export class LayerCalls {
  /** What the moving averages lose at the end of the step. */
  readonly later: LaterSubtraction[] = [];
  /** Moving averages after the calls so far: a second call of a model goes on from the first. */
  private readonly averages = new Map<Variable, Tensor>();
  private calls = 0;

  constructor(
    private readonly weights: StepWeights,
    private readonly mask: MaskOfCall,
  ) {}

  /** Runs `body` with `apply` and `predict` of all layers and models replaced. */
  during<Result>(recorder: Recorder, body: () => Result): Result {
    const layer = tf.layers.Layer.prototype;
    const model = tf.LayersModel.prototype;
    const { apply } = layer;
    const { predict } = model;
    let within = false;
    this.calls = 0;
    const take = (called: Layer, inputs: Inputs, training: boolean): Inputs => {
      const run = () => {
        within = true;
        try {
          return [apply.call(called, inputs) as Inputs].flat();
        } finally {
          within = false;
        }
      };
      const outputs = this.call(recorder, called, [inputs].flat(), training, run);
      return outputs.length === 1 ? outputs[0]! : outputs;
    };
    layer.apply = function (this: Layer, inputs, options) {
      const first = [inputs].flat()[0];
      if (within || !(first instanceof tf.Tensor)) return apply.call(this, inputs, options);
      const { training = false, ...others } = options ?? {};
      const [unknown] = Object.keys(others);
      if (unknown !== undefined)
        throw new DescentError(
          'unsupported',
          `The layer "${this.name}" is applied with "${unknown}", which a compiled step does not know.`,
          { subject: this.name },
        );
      return take(this, inputs as Inputs, training === true);
    };
    model.predict = function (this: tf.LayersModel, inputs) {
      return take(this, inputs, false);
    };
    try {
      return body();
    } finally {
      layer.apply = apply;
      model.predict = predict;
    }
  }

  private call(
    recorder: Recorder,
    layer: Layer,
    inputs: readonly tf.Tensor[],
    training: boolean,
    run: () => tf.Tensor[],
  ): tf.Tensor[] {
    if (!this.weights.covers(layer))
      throw new DescentError(
        'wrong-use',
        `The loss calls "${layer.name}", which is none of the models of the step nor a layer of theirs.`,
        { subject: layer.name, remedy: 'Hand all models to compiledStep: compiledStep([one, other], ...).' },
      );
    const call = this.calls++;
    const name = `apply ${layer.name}${training ? ' for training' : ''}`;
    let emitted: Emitted | undefined;
    const outputs = withoutTape(() =>
      recorder.call(name, inputs, run, (tensors) => {
        emitted = { inputs: tensors, outputs: this.emit(layer, tensors, training, call) };
        return emitted.outputs;
      }),
    );
    if (!isTapeOn()) return outputs;
    // Within tf.grad: the gradient, too, is that of the operations that stand for the layer.
    return outputs.map((output, place) => {
      const gradFunc = (gradient: tf.Tensor | tf.Tensor[]) =>
        withoutTape(() =>
          recorder.call(
            `gradient of ${name}`,
            [gradient].flat(),
            () => inputs.map((input) => tf.onesLike(input)),
            ([initial]) => gradientsOf(emitted!, place, initial!),
          ),
        );
      return tf.customGrad(allowingGradient(() => ({ value: output, gradFunc })))(...inputs);
    });
  }

  private emit(layer: Layer, inputs: Tensor[], training: boolean, call: number): readonly Tensor[] {
    const { outputs, later } = emitCall(layer, {
      inputs,
      training,
      variable: (owner, weight) => {
        const variable = this.weights.of(owner, weight);
        const average = variable && this.averages.get(variable);
        return average ? { ...variable, value: average } : variable;
      },
      dropoutMask: (owner, like, rate, use) => this.mask(owner, call, like, rate, use),
    });
    for (const { variable, delta } of later) {
      const known = this.weights.all.find(({ variable: own }) => own.handle === variable.handle)!.variable;
      this.averages.set(known, ops.subtract(variable.value, delta));
      this.later.push({ variable: known, delta });
    }
    return outputs;
  }
}

function gradientsOf({ inputs, outputs }: Emitted, place: number, initial: Tensor): Tensor[] {
  return gradients(outputs[place]!, inputs, { initial }).map(
    (gradient, index) => gradient ?? ops.zerosLike(inputs[index]!),
  );
}

function isTapeOn(): boolean {
  return tf.engine().state.gradientDepth > 0 && tf.engine().state.kernelDepth === 0;
}

/** As tfjs runs its kernels: what they compute is no part of what tf.grad follows. */
function withoutTape<Result>(body: () => Result): Result {
  const { state } = tf.engine();
  state.kernelDepth++;
  try {
    return body();
  } finally {
    state.kernelDepth--;
  }
}
