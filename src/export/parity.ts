import type { ParityReport } from '../contract/export';

/** Outputs of one model for a list of examples: row-major [examples, width]. */
export interface OutputTable {
  values: Float32Array;
  width: number;
}

/**
 * Compares what the exported model gives with what the trained one gave for the same inputs.
 * `names` stands for the examples in the same order. Regression outputs (`classification` false) are compared in
 * relation to the largest magnitude of the trained outputs, so that the tolerance means the same for any unit.
 */
export function compareOutputs(
  trained: OutputTable,
  exported: OutputTable,
  names: readonly string[],
  options: { runtime: string; inputs: ParityReport['inputs']; tolerance: number; classification: boolean },
): ParityReport {
  let scale = 1;
  if (!options.classification) for (const value of trained.values) scale = Math.max(scale, Math.abs(value));
  let largest = 0;
  let sum = 0;
  for (let index = 0; index < trained.values.length; index++) {
    const difference = Math.abs(trained.values[index]! - (exported.values[index] ?? Number.NaN)) / scale;
    // A NaN on either side is the largest difference there is.
    largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
    sum += difference;
  }
  const changedPredictions = options.classification
    ? names.filter((_, row) => argMax(trained, row) !== argMax(exported, row))
    : [];
  return {
    runtime: options.runtime,
    examples: names.length,
    inputs: options.inputs,
    largestDifference: largest,
    meanDifference: trained.values.length > 0 ? sum / trained.values.length : 0,
    changedPredictions,
    tolerance: options.tolerance,
    passed: names.length > 0 && largest <= options.tolerance,
  };
}

function argMax({ values, width }: OutputTable, row: number): number {
  let best = 0;
  for (let column = 1; column < width; column++) {
    if (values[row * width + column]! > values[row * width + best]!) best = column;
  }
  return best;
}
