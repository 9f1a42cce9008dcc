import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { clippingOf, type UpdateSettings } from '../update-settings';

/** As ../gradient-clipping.ts: one sum of squares a gradient, and one factor for all. */
export function clipGradients(
  gradients: readonly Tensor[],
  settings: Pick<UpdateSettings, 'clipNorm' | 'clipValue'>,
): readonly Tensor[] {
  const clipping = clippingOf(settings);
  if (!clipping || gradients.length === 0) return gradients;
  if ('value' in clipping)
    return gradients.map((gradient) => ops.clip(gradient, -clipping.value, clipping.value));
  const halves = ops.addN(gradients.map((gradient) => ops.l2Loss(gradient)));
  const norm = ops.sqrt(ops.multiply(halves, 2));
  const scale = ops.divide(clipping.norm, ops.maximum(norm, clipping.norm));
  return gradients.map((gradient) => ops.multiply(gradient, scale));
}
