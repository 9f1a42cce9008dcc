import type { TensorLike } from '../bind';
import type { Operation, Tensor } from '../operation';
import type { Variable } from '../variable';

/** variable -= learningRate * gradient. */
export function applyGradientDescent(
  variable: Variable,
  learningRate: TensorLike,
  gradient: Tensor,
): Operation {
  return gradient.graph.op('ResourceApplyGradientDescent', [variable.handle, learningRate, gradient]);
}

/** slot = slot * momentum - learningRate * gradient; variable += slot (Keras' SGD with momentum). */
export function applyKerasMomentum(
  variable: Variable,
  slot: Variable,
  settings: { learningRate: TensorLike; momentum: TensorLike; nesterov?: boolean },
  gradient: Tensor,
): Operation {
  return gradient.graph.op(
    'ResourceApplyKerasMomentum',
    [variable.handle, slot.handle, settings.learningRate, gradient, settings.momentum],
    { use_nesterov: settings.nesterov },
  );
}

/** slot = slot * momentum + gradient; variable -= learningRate * slot (tfjs' momentum). */
export function applyMomentum(
  variable: Variable,
  slot: Variable,
  settings: { learningRate: TensorLike; momentum: TensorLike; nesterov?: boolean },
  gradient: Tensor,
): Operation {
  return gradient.graph.op(
    'ResourceApplyMomentum',
    [variable.handle, slot.handle, settings.learningRate, gradient, settings.momentum],
    { use_nesterov: settings.nesterov },
  );
}

export interface AdamSettings {
  learningRate: TensorLike;
  beta1: TensorLike;
  beta2: TensorLike;
  epsilon: TensorLike;
  /** beta1 and beta2 to the power of the step, counted from 1. */
  beta1Power: TensorLike;
  beta2Power: TensorLike;
}

/**
 * D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", 2015, in the form before section 2.1: epsilon is added to
 * the uncorrected root. tfjs' Adam, which corrects first, is the same with epsilon * sqrt(1 - beta2Power).
 */
export function applyAdam(
  variable: Variable,
  first: Variable,
  second: Variable,
  settings: AdamSettings,
  gradient: Tensor,
): Operation {
  const { beta1Power, beta2Power, learningRate, beta1, beta2, epsilon } = settings;
  return gradient.graph.op('ResourceApplyAdam', [
    variable.handle,
    first.handle,
    second.handle,
    beta1Power,
    beta2Power,
    learningRate,
    beta1,
    beta2,
    epsilon,
    gradient,
  ]);
}

/**
 * meanSquare = decay * meanSquare + (1 - decay) * gradient^2; slot = momentum * slot + learningRate * gradient /
 * sqrt(meanSquare + epsilon); variable -= slot.
 */
export function applyRmsProp(
  variable: Variable,
  meanSquare: Variable,
  slot: Variable,
  settings: { learningRate: TensorLike; decay: TensorLike; momentum: TensorLike; epsilon: TensorLike },
  gradient: Tensor,
): Operation {
  const { learningRate, decay, momentum, epsilon } = settings;
  return gradient.graph.op('ResourceApplyRMSProp', [
    variable.handle,
    meanSquare.handle,
    slot.handle,
    learningRate,
    decay,
    momentum,
    epsilon,
    gradient,
  ]);
}

/** accumulator += gradient^2; variable -= learningRate * gradient / (sqrt(accumulator) + epsilon). */
export function applyAdagrad(
  variable: Variable,
  accumulator: Variable,
  settings: { learningRate: TensorLike; epsilon: TensorLike },
  gradient: Tensor,
): Operation {
  const { learningRate, epsilon } = settings;
  return gradient.graph.op('ResourceApplyAdagradV2', [
    variable.handle,
    accumulator.handle,
    learningRate,
    epsilon,
    gradient,
  ]);
}
