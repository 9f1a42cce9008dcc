/**
 * TensorBoard's debiased exponential moving average (tensorboard/webapp/widgets/line_chart_v2, `classicSmoothing`): the
 * last value weighs `weight`, and the start is divided by 1 - weight^n so that it does not lean to zero. A series of one
 * constant stays as it is; non-finite values pass through and do not count. `weight` 0 gives the values themselves.
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (!(weight > 0) || values.length === 0) return values;
  const smoothed = new Float64Array(values.length);
  const first = values[0]!;
  let constant = true;
  for (let index = 1; index < values.length; index++) {
    if (values[index] !== first) {
      constant = false;
      break;
    }
  }
  if (constant) return values;
  const kept = Math.min(weight, 0.9999);
  let last = 0;
  let bias = 1;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) {
      smoothed[index] = value;
      continue;
    }
    last = last * kept + (1 - kept) * value;
    bias *= kept;
    smoothed[index] = last / (1 - bias);
  }
  return smoothed;
}
