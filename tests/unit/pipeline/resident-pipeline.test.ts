import { describe, expect, it } from 'vitest';
import type { Batch, ExamplePipeline, ExampleSource } from '../../../src/pipeline/example-source';
import { createPlainPipeline, type PipelineSettings } from '../../../src/pipeline/plain-pipeline';
import { ResidentPipeline } from '../../../src/pipeline/resident-pipeline';

const settings: PipelineSettings = {
  seed: 7,
  batchSize: 8,
  shuffleBuffer: 10,
  cache: 'auto',
  cacheDirectory: '',
  prefetch: 2,
};

/** Rows in one array, or the same rows one by one. */
function source(width: number, inOneArray: boolean, dtype: 'float32' | 'int32' = 'float32'): ExampleSource {
  const count = 30;
  const numbers = Array.from({ length: count * width }, (_, index) => index);
  const rows = dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers);
  return {
    count,
    shape: [width],
    dtype,
    resident: true,
    ...(inOneArray ? { rows } : {}),
    loading: 'none',
    name: String,
    answer: (index) => index % 3,
    load: (index) => rows.subarray(index * width, (index + 1) * width),
  };
}

async function draw(pipeline: ExamplePipeline, count: number): Promise<(Batch | 'end-of-epoch')[]> {
  const drawn: (Batch | 'end-of-epoch')[] = [];
  while (drawn.length < count) drawn.push(await pipeline.next());
  return drawn;
}

describe('Rows that stand in one array', () => {
  it.each([
    [5, 'float32'],
    [300, 'float32'],
    [20, 'int32'],
  ] as const)('come in the batches of rows that are loaded one by one (%i × %s)', async (width, dtype) => {
    const whole = await createPlainPipeline(source(width, true, dtype), settings);
    const single = await createPlainPipeline(source(width, false, dtype), settings);
    expect(whole).toBeInstanceOf(ResidentPipeline);
    expect(single).not.toBeInstanceOf(ResidentPipeline);
    expect(whole.stages).toEqual(single.stages);
    expect(whole.batchesPerEpoch).toBe(single.batchesPerEpoch);
    // Two epochs and the beginning of a third.
    expect(await draw(whole, 12)).toEqual(await draw(single, 12));
    expect(whole.position).toEqual(single.position);
  });

  it('go on from any place', async () => {
    const whole = await createPlainPipeline(source(4, true), settings);
    const all = await draw(whole, 8);
    const other = await createPlainPipeline(source(4, true), settings);
    other.seek({ epoch: 1, index: 8 });
    expect(await draw(other, 2)).toEqual(all.slice(6, 8));
  });
});
