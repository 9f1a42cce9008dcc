import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { buildModel } from '../../../src/model/build-model';
import { createProgram } from '../../../src/training/create-program';
import { NativeGradients } from '../../../src/training/native-gradients';
import { expectEqualTensors } from './support/compare';
import {
  Programs,
  pictures,
  prices,
  type Question,
  rows,
  specificationOf,
  takeSteps,
  texts,
} from './support/programs';

let programs: Programs;
beforeAll(async () => {
  await loadBackend('node');
  programs = await Programs.create();
});
afterAll(() => programs.remove());

const batchNormalized: Question = {
  task: pictures(8, 1),
  hyperparameters: { model: 'mobilenet-like', width: 0.25, optimizer: 'momentum', learningRate: 1e-6 },
};
const questions: Record<string, Question> = {
  linear: { task: rows, hyperparameters: { model: 'linear' } },
  mlp: { task: rows, hyperparameters: { model: 'mlp', hiddenUnits: 12, dropout: 0.3 } },
  'mlp of prices': { task: prices, hyperparameters: { model: 'mlp', hiddenUnits: 12 } },
  'mlp with label smoothing': {
    task: rows,
    hyperparameters: { model: 'mlp', hiddenUnits: 12, labelSmoothing: 0.1 },
  },
  'mlp with weights of classes and examples': {
    task: rows,
    hyperparameters: { model: 'mlp', hiddenUnits: 12 },
    classWeights: Float32Array.of(0.5, 2, 1, 1.5),
    weighted: true,
  },
  'small-cnn': {
    task: pictures(12, 1),
    hyperparameters: { model: 'small-cnn', width: 0.25, hiddenUnits: 16 },
  },
  'mobilenet-like': batchNormalized,
  'text-bag': { task: texts, hyperparameters: { model: 'text-bag', hiddenUnits: 8 } },
  'text-lstm': { task: texts, hyperparameters: { model: 'text-lstm', hiddenUnits: 6 } },
};

describe('native gradients', () => {
  it.each(Object.keys(questions))('train as the eager operations of TF.js do: %s', async (name) => {
    const native = await programs.plain(questions[name]!, { nativeGradients: true });
    const plain = await programs.plain(questions[name]!);
    const found = await takeSteps(native, 10, { recordGradients: true });
    const wanted = await takeSteps(plain, 10, { recordGradients: true });
    found.forEach(({ loss }, step) => {
      expect(Math.abs(loss! - wanted[step]!.loss!), `loss of step ${step}`).toBeLessThanOrEqual(1e-5);
    });
    const gradients = (await native.readGradients())!;
    expect(gradients.some(({ values }) => values.some((value) => value !== 0))).toBe(true);
    expectEqualTensors((await native.save()).tensors, (await plain.save()).tensors, 1e-5);
    expectEqualTensors(gradients, (await plain.readGradients())!, 1e-4);
    await native.dispose();
    await plain.dispose();
  });

  it('go on from a checkpoint to the same bits', async () => {
    const whole = await programs.plain(batchNormalized, { nativeGradients: true });
    const first = await programs.plain(batchNormalized, { nativeGradients: true });
    const second = await programs.plain(batchNormalized, { nativeGradients: true });
    await takeSteps(whole, 4);
    await takeSteps(first, 2);
    await second.restore(await first.save());
    await takeSteps(second, 2);
    expect((await second.save()).tensors).toEqual((await whole.save()).tensors);
    for (const program of [whole, first, second]) await program.dispose();
  });

  it('leave no tensors behind', async () => {
    const program = await programs.plain(batchNormalized, { nativeGradients: true });
    await takeSteps(program, 2);
    const before = program.tensorCount();
    await takeSteps(program, 6);
    expect(program.tensorCount()).toBe(before);
    await program.dispose();
  });

  it('are in place during a step only, also when it throws', () => {
    const model = buildModel(specificationOf(batchNormalized));
    const layer = model.layers.find((candidate) => candidate.getClassName() === 'BatchNormalization')!;
    const native = new NativeGradients(model);
    const state = () => ({ gradient: tf.getGradient('Relu').gradFunc, call: layer.call });
    const before = state();
    const within = native.during(state);
    expect(within.gradient).not.toBe(before.gradient);
    expect(within.call).not.toBe(before.call);
    expect(state()).toEqual(before);
    expect(() =>
      native.during(() => {
        throw new Error('the step broke');
      }),
    ).toThrow('the step broke');
    expect(state()).toEqual(before);
    expect(Object.hasOwn(layer, 'call')).toBe(false);
    model.dispose();
  });

  it('are what eager steps on the native engine use, which the run says', async () => {
    const question = {
      ...batchNormalized,
      hyperparameters: { ...batchNormalized.hyperparameters, compile: 'eager' },
    };
    const { program, description } = await createProgram(
      await programs.choice(question as Question),
      () => {},
    );
    expect(description.reason).toContain('gradients by native operations');
    const native = await programs.plain(question as Question, { nativeGradients: true });
    await takeSteps(program, 2);
    await takeSteps(native, 2);
    expect((await program.save()).tensors).toEqual((await native.save()).tensors);
    await program.dispose();
    await native.dispose();
  });
});
