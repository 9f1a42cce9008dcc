import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { describeProgram } from '../../../src/training/create-program';
import { describeCompilation } from '../../../src/training/graph/describe-compilation';
import { expectLayersEqualEager } from './support/layer-judge';

beforeAll(async () => {
  await loadBackend('node');
});

type Layer = tf.layers.Layer;
type Given = tf.Tensor | tf.Tensor[];
const one = (inputs: Given) => (Array.isArray(inputs) ? inputs[0]! : inputs);

/** A layer as somebody writes it who knows nothing of graphs. */
abstract class Custom extends tf.layers.Layer {
  override getClassName(): string {
    return this.constructor.name;
  }
  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return shape;
  }
}

/** x · w, gated by its own sigmoid, in a shape that holds the batch. */
class Gate extends Custom {
  private weight!: tf.LayerVariable;
  override build(shape: tf.Shape): void {
    const width = shape.at(-1)!;
    this.weight = this.addWeight('scale', [width], 'float32', tf.initializers.ones());
    this.built = true;
  }
  override call(inputs: Given): tf.Tensor {
    const x = one(inputs);
    const [batch, ...rest] = x.shape;
    const flat = tf.reshape(x, [batch! * rest.slice(0, -1).reduce((a, b) => a * b, 1), rest.at(-1)!]);
    const gated = tf.mul(flat, tf.sigmoid(tf.mul(flat, this.weight.read())));
    return tf.reshape(gated, [batch!, ...rest]);
  }
}

/** Attention over the steps of a sequence, with layers inside. */
class Attention extends Custom {
  private readonly score = tf.layers.dense({ units: 1, useBias: false, name: 'score' });
  private readonly drop = tf.layers.dropout({ rate: 0.4, name: 'drop' });
  override build(shape: tf.Shape): void {
    this.score.build(shape);
    this.score.built = true;
    this._trainableWeights.push(...this.score.trainableWeights);
    this.built = true;
  }
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return [shape[0]!, shape[2]!];
  }
  override call(inputs: Given, kwargs: { training?: boolean }): tf.Tensor {
    const x = one(inputs);
    const weights = tf.softmax(tf.squeeze(this.score.apply(x) as tf.Tensor, [2]));
    const kept = this.drop.apply(weights, { training: kwargs.training === true }) as tf.Tensor;
    return tf.sum(tf.mul(x, tf.expandDims(kept, 2)), 1);
  }
}

class Noise extends Custom {
  override call(inputs: Given): tf.Tensor {
    return tf.add(one(inputs), tf.randomNormal(one(inputs).shape));
  }
}
class JavaScriptNoise extends Custom {
  override call(inputs: Given): tf.Tensor {
    return tf.mul(one(inputs), Math.random());
  }
}
class Branching extends Custom {
  override call(inputs: Given): tf.Tensor {
    return tf.max(one(inputs)).dataSync()[0]! > 0 ? tf.relu(one(inputs)) : one(inputs);
  }
}
class Counting extends Custom {
  private count!: tf.LayerVariable;
  override build(): void {
    this.count = this.addWeight('count', [], 'float32', tf.initializers.zeros(), undefined, false);
    this.built = true;
  }
  override call(inputs: Given): tf.Tensor {
    this.count.write(tf.add(this.count.read(), 1));
    return tf.mul(one(inputs), this.count.read());
  }
}
class Hidden extends Custom {
  private readonly variable = tf.variable(tf.scalar(2), true);
  override call(inputs: Given): tf.Tensor {
    return tf.mul(one(inputs), this.variable);
  }
}
class OwnGradient extends Custom {
  override call(inputs: Given): tf.Tensor {
    const clipped = tf.customGrad((x) => ({
      value: tf.square(x as tf.Tensor),
      gradFunc: (gradient: Given) => tf.clipByValue(one(gradient), -1, 1),
    }));
    return clipped(one(inputs));
  }
}
class Ordering extends Custom {
  override call(inputs: Given): tf.Tensor {
    return tf.cumprod(one(inputs), 1);
  }
}

function modelOf(shape: number[], ...layers: Layer[]): tf.LayersModel {
  const input = tf.input({ shape });
  const output = layers.reduce((current, layer) => layer.apply(current) as tf.SymbolicTensor, input);
  return tf.model({ inputs: input, outputs: output });
}
const dense = () => tf.layers.dense({ units: 3, name: 'dense' });

describe('layers without an emitter are traced, and give what TF.js gives, gradients included', () => {
  it('one with a weight, whose shapes hold the batch', async () => {
    const model = modelOf([3, 4], dense(), new Gate({ name: 'gate' }), tf.layers.flatten());
    expect(await describeCompilation(model)).toEqual({
      kind: 'graph',
      reason: '2 layers are compiled, 1 traced (Gate "gate")',
    });
    await expectLayersEqualEager(model);
  });

  it('one with layers within, whose dropout is that of any other layer', async () => {
    const model = modelOf([5, 3], new Attention({ name: 'attention' }), dense());
    expect(await describeCompilation(model)).toEqual({
      kind: 'graph',
      reason: '1 layer is compiled, 1 traced (Attention "attention")',
    });
    await expectLayersEqualEager(model);
  });

  it('those of TF.js that are rare', async () => {
    const rnn = tf.layers.rnn({
      cell: [tf.layers.lstmCell({ units: 3 }), tf.layers.gruCell({ units: 2 })] as never,
      name: 'stack',
    });
    const model = modelOf([3, 4], rnn, dense());
    expect((await describeCompilation(model)).reason).toContain('1 traced (RNN "stack")');
    await expectLayersEqualEager(model);
    await expectLayersEqualEager(
      modelOf([2, 4, 4, 2], tf.layers.convLstm2d({ filters: 2, kernelSize: 3, name: 'moving' }) as Layer),
      { training: false },
    );
  });

  it('those whose settings an emitter does not know', async () => {
    const model = modelOf(
      [2, 6, 5],
      tf.layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst', name: 'first' }),
    );
    expect((await describeCompilation(model)).reason).toBe('1 traced (Conv2D "first")');
    await expectLayersEqualEager(model);
  });
});

describe('what can’t be traced is named, and runs eagerly', () => {
  const reasons: [Layer, string][] = [
    [new Noise({ name: 'noise' }), 'a constant changes from run to run with batches of one size'],
    [new JavaScriptNoise({ name: 'factor' }), 'a random number (Math.random, tf.randomNormal, dropout)'],
    [new Branching({ name: 'branch' }), 'it reads the values of a tensor'],
    [new Counting({ name: 'counter' }), 'it changes "counter/count" as it computes'],
    [new Hidden({ name: 'secret' }), 'which is not named among the weights'],
    [new OwnGradient({ name: 'clip' }), 'tf.customGrad'],
    [new Ordering({ name: 'order' }), 'Cumprod'],
  ];
  it.each(reasons.map(([layer, reason]) => [layer.name, reason, layer] as const))(
    '%s: %s',
    async (name, reason, layer) => {
      const model = modelOf([3], dense(), layer);
      const before = model.getWeights().map((weight) => [...weight.dataSync()]);
      const tensors = tf.memory().numTensors;
      const found = await describeCompilation(model);
      expect(found.kind).toBe('plain');
      expect(found.reason).toContain(name);
      expect(found.reason).toContain(reason);
      expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
      expect(await describeProgram(model, 'auto')).toMatchObject({ kind: 'plain', compile: 'eager' });
      await expect(describeProgram(model, 'graph')).rejects.toThrow(reason);
    },
  );

  it('a layer that gives other numbers when it is traced', async () => {
    // Looks at what it is called by: no trace can tell.
    class Deceiver extends Custom {
      private calls = 0;
      override call(inputs: Given): tf.Tensor {
        return this.calls++ < 8 ? tf.relu(one(inputs)) : tf.mul(one(inputs), 2);
      }
    }
    const found = await describeCompilation(modelOf([3], new Deceiver({ name: 'deceiver' })));
    expect(found).toEqual({
      kind: 'plain',
      reason: 'the layer "deceiver" (Deceiver) gives other numbers when it is traced than in TF.js',
    });
  });
});
