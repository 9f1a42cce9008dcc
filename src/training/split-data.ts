import type { ExamplePipeline, ExampleSource } from '../pipeline/example-source';

/** The examples of one split, and the pipeline that puts them into batches. */
export interface SplitData {
  source: ExampleSource;
  pipeline: ExamplePipeline;
}
