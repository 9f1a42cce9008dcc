import { beforeAll, describe, expect, it } from 'vitest';
import { loadBackend } from '../../../src/engine/native/backend';
import { Graph } from '../../../src/graph/graph';
import type { Operation, Tensor } from '../../../src/graph/operation';
import * as ops from '../../../src/graph/operations';
import { GraphSession } from '../../../src/graph/session/session';
import type { Variable } from '../../../src/graph/variable';

beforeAll(async () => {
  await loadBackend('node');
});

interface Case {
  slots: number;
  apply: (variable: Variable, slots: Variable[], gradient: Tensor, step: Tensor) => Operation;
  /** The formula on plain numbers. */
  reference: (state: { value: number; slots: number[] }, gradient: number, step: number) => void;
}

const rate = 0.1;
const momentum = 0.9;
const cases: Record<string, Case> = {
  'gradient descent': {
    slots: 0,
    apply: (variable, _, gradient) => ops.applyGradientDescent(variable, rate, gradient),
    reference: (state, gradient) => {
      state.value -= rate * gradient;
    },
  },
  momentum: {
    slots: 1,
    apply: (variable, [slot], gradient) =>
      ops.applyMomentum(variable, slot!, { learningRate: rate, momentum }, gradient),
    reference: (state, gradient) => {
      state.slots[0] = state.slots[0]! * momentum + gradient;
      state.value -= rate * state.slots[0];
    },
  },
  "Keras' momentum": {
    slots: 1,
    apply: (variable, [slot], gradient) =>
      ops.applyKerasMomentum(variable, slot!, { learningRate: rate, momentum }, gradient),
    reference: (state, gradient) => {
      state.slots[0] = state.slots[0]! * momentum - rate * gradient;
      state.value += state.slots[0];
    },
  },
  "Nesterov's momentum": {
    slots: 1,
    apply: (variable, [slot], gradient) =>
      ops.applyKerasMomentum(variable, slot!, { learningRate: rate, momentum, nesterov: true }, gradient),
    reference: (state, gradient) => {
      state.slots[0] = state.slots[0]! * momentum - rate * gradient;
      state.value += state.slots[0] * momentum - rate * gradient;
    },
  },
  RMSprop: {
    slots: 2,
    apply: (variable, [square, slot], gradient) =>
      ops.applyRmsProp(
        variable,
        square!,
        slot!,
        { learningRate: rate, decay: 0.9, momentum: 0.5, epsilon: 1e-7 },
        gradient,
      ),
    reference: (state, gradient) => {
      state.slots[0] = state.slots[0]! * 0.9 + 0.1 * gradient ** 2;
      state.slots[1] = state.slots[1]! * 0.5 + (rate * gradient) / Math.sqrt(state.slots[0] + 1e-7);
      state.value -= state.slots[1];
    },
  },
  Adagrad: {
    slots: 1,
    apply: (variable, [sum], gradient) =>
      ops.applyAdagrad(variable, sum!, { learningRate: rate, epsilon: 1e-7 }, gradient),
    reference: (state, gradient) => {
      state.slots[0] = state.slots[0]! + gradient ** 2;
      state.value -= (rate * gradient) / (Math.sqrt(state.slots[0]) + 1e-7);
    },
  },
  Adam: {
    slots: 2,
    apply: (variable, [m, v], gradient, step) => {
      const { graph } = gradient;
      const settings = {
        learningRate: rate,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-7,
        beta1Power: ops.power(graph.constant(0.9), step),
        beta2Power: ops.power(graph.constant(0.999), step),
      };
      return ops.applyAdam(variable, m!, v!, settings, gradient);
    },
    reference: (state, gradient, step) => {
      state.slots[0] = state.slots[0]! * 0.9 + 0.1 * gradient;
      state.slots[1] = state.slots[1]! * 0.999 + 0.001 * gradient ** 2;
      const scaled = (rate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
      state.value -= (scaled * state.slots[0]) / (Math.sqrt(state.slots[1]) + 1e-7);
    },
  },
};

describe('updates follow their formulas', () => {
  for (const [name, { slots: count, apply, reference }] of Object.entries(cases))
    it(name, async () => {
      const graph = new Graph();
      const gradient = graph.placeholder('float32', [2]);
      const step = graph.placeholder('float32', []);
      const variable = graph.variable('weight', 'float32', [2], { initial: [1, -2] });
      const slots = Array.from({ length: count }, (_, index) =>
        graph.variable(`slot_${index}`, 'float32', [2], { initial: 0 }),
      );
      const done = graph.group([apply(variable, slots, gradient, step)]);
      const session = await GraphSession.load(graph);
      session.initialize();
      const states = [1, -2].map((value) => ({ value, slots: new Array<number>(count).fill(0) }));
      for (let turn = 1; turn <= 5; turn++) {
        const given = [Math.sin(turn), Math.cos(3 * turn)];
        session.fetch(done, [
          [gradient, given],
          [step, turn],
        ]);
        states.forEach((state, index) => {
          reference(state, given[index]!, turn);
        });
      }
      const found = session.readVariables([variable])[0]!.numbers();
      found.forEach((value, index) => {
        expect(value).toBeCloseTo(states[index]!.value, 4);
      });
      session.dispose();
    });
});
