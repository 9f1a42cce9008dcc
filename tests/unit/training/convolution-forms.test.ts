import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import { GraphSession } from '../../../src/graph/session/session';
import { emitModel } from '../../../src/training/graph/emit-model';
import { ModelVariables } from '../../../src/training/graph/model-variables';

const shape = [8, 8, 3];

/** Pads and strides as MobileNet's blocks have them, products of one pixel, and paddings that SAME doesn't give. */
function blocks(): tf.LayersModel {
  const pad = (before: number, after: number) =>
    tf.layers.zeroPadding2d({
      padding: [
        [before, after],
        [before, after],
      ],
    });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'relu', inputShape: shape }),
      pad(0, 1),
      tf.layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'valid' }),
      pad(1, 1),
      tf.layers.conv2d({ filters: 5, kernelSize: 3, padding: 'valid' }),
      pad(2, 2),
      tf.layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'valid' }),
      tf.layers.conv2d({ filters: 6, kernelSize: 1, strides: 2 }),
    ],
  });
}

describe('Convolutions', () => {
  beforeAll(() => loadBackend('node'));

  it.each([false, true])('give the numbers of TF.js in whatever form (plain: %s)', async (plain) => {
    const model = blocks();
    const graph = new Graph();
    const variables = new ModelVariables(graph, model);
    const inputs = graph.placeholder('float32', [null, ...shape]);
    const [output] = emitModel(model, {
      inputs: [inputs],
      training: false,
      plain,
      variable: (layer, weight) => variables.of(layer, weight),
      dropoutMask: (_, like) => like,
    }).outputs;

    const needed = new Set([output!.operation]);
    for (const operation of needed) for (const { operation: before } of operation.inputs) needed.add(before);
    const count = (type: string) => [...needed].filter((operation) => operation.type === type).length;
    expect({ products: count('MatMul'), convolutions: count('Conv2D'), pads: count('Pad') }).toEqual(
      plain
        ? { products: 0, convolutions: 4, pads: 3 }
        : // The pads of 0 and 1, and of 1 and 1, are those of SAME.
          { products: 1, convolutions: 3, pads: 1 },
    );

    const session = await GraphSession.load(graph);
    session.setVariables(variables.all.map(({ variable, eager }) => [variable, eager]));
    const values = Float32Array.from({ length: 2 * 192 }, (_, index) => Math.sin(index * 1.7));
    const found = session.fetch(output!, [[inputs, values]]);
    const wanted = tf.tidy(() => model.predict(tf.tensor(values, [2, ...shape])) as tf.Tensor);
    expect(found.shape).toEqual(wanted.shape);
    const expected = wanted.dataSync();
    found.floats().forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 5);
    });
    wanted.dispose();
    session.dispose();
    model.dispose();
  });
});
