import { z } from 'zod';

export const datasetKinds = ['images', 'table', 'texts'] as const;
export const datasetKind = z.enum(datasetKinds);
export type DatasetKind = z.infer<typeof datasetKind>;

export const taskKind = z.enum(['classification', 'regression']);
export type TaskKind = z.infer<typeof taskKind>;

export const splitName = z.enum(['train', 'validation', 'test']);
export type SplitName = z.infer<typeof splitName>;

export const columnRole = z.enum(['numeric', 'categorical', 'text', 'ignored', 'weight', 'target']);
export type ColumnRole = z.infer<typeof columnRole>;

/** What a person may change about how a folder is read. Kept beside the recent folders; a run carries a copy. */
export const datasetOptions = z.object({
  /** Table: role by column name; a column that is not named keeps the guessed role. At most one `target`, and one `weight`. */
  columns: z.record(z.string(), columnRole).default({}),
  /** Table: forces the task; otherwise guessed from the target's values. */
  task: taskKind.optional(),
  /** Paths relative to the folder (tables: `row:<n>`, n counted from 1 without the header) that are left out. */
  excluded: z.array(z.string()).default([]),
  /** Finding ids that the person chose to keep as they are (they no longer block or warn). */
  kept: z.array(z.string()).default([]),
  validationFraction: z.number().min(0).max(0.9).default(0.2),
  testFraction: z.number().min(0).max(0.9).default(0),
  splitSeed: z.number().int().min(0).max(0xffffffff).default(7),
});
export type DatasetOptions = z.infer<typeof datasetOptions>;
export const defaultDatasetOptions: DatasetOptions = datasetOptions.parse({});

export const severity = z.enum(['blocks', 'warns', 'notes']);
export type Severity = z.infer<typeof severity>;

export const findingKinds = [
  'empty-folder',
  'too-few-classes',
  'too-few-examples',
  'empty-class',
  'empty-split',
  'broken-file',
  'zero-byte-file',
  'wrong-type',
  'unsupported-format',
  'unreadable-file',
  'duplicate',
  'near-duplicate',
  'duplicate-across-classes',
  'duplicate-across-splits',
  'near-duplicate-across-splits',
  'near-duplicate-across-classes',
  'imbalance',
  'mixed-sizes',
  'small-images',
  'ragged-row',
  'missing-values',
  'constant-column',
  'identifier-column',
  'unparsable-value',
  'unusable-weight',
  'no-target',
  'empty-text',
  'ignored-files',
] as const;

export const finding = z.object({
  /** Stable while the folder does not change: kind plus what it is about. */
  id: z.string(),
  kind: z.enum(findingKinds),
  severity,
  /** A sentence: how many, what, and what will happen. */
  message: z.string(),
  /** Paths relative to the folder (tables: `row:<n>`), all of them up to 1,000. */
  files: z.array(z.string()),
  fileCount: z.number().int(),
  /** What is wrong with each of `files`, where files are left out of training. */
  reasons: z.array(z.string()).optional(),
  /** What `exclude` leaves out, where that is not all of `files`. */
  excludes: z.array(z.string()).optional(),
  /** What can be done by a button. `exclude` puts the files into options.excluded, `keep` the id into options.kept. */
  actions: z.array(z.enum(['exclude', 'keep'])),
  /** Files that are left out of training whatever is chosen (broken ones). */
  leftOut: z.boolean(),
});
export type Finding = z.infer<typeof finding>;

export const classSummary = z.object({
  name: z.string(),
  count: z.number().int(),
  train: z.number().int(),
  validation: z.number().int(),
  test: z.number().int(),
});
export type ClassSummary = z.infer<typeof classSummary>;

export const spread = z.object({ minimum: z.number(), median: z.number(), maximum: z.number() });
export type Spread = z.infer<typeof spread>;

export const columnSummary = z.object({
  name: z.string(),
  /** The role in force (guessed, or chosen in the options). */
  role: columnRole,
  guessedRole: columnRole,
  missing: z.number().int(),
  distinct: z.number().int(),
  /** Numeric columns. */
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  mean: z.number().optional(),
  standardDeviation: z.number().optional(),
  /** Categorical columns and targets: up to 50 most frequent values. */
  values: z.array(z.object({ value: z.string(), count: z.number().int() })).optional(),
  /** Numeric columns: 20 equal bins from minimum to maximum. */
  histogram: z.array(z.number().int()).optional(),
});
export type ColumnSummary = z.infer<typeof columnSummary>;

export const datasetSummary = z.object({
  path: z.string(),
  name: z.string(),
  kind: datasetKind,
  task: taskKind,
  exampleCount: z.number().int(),
  bytes: z.number().int(),
  /** Classification: in label order (the order of the model's outputs). Regression: empty. */
  classes: z.array(classSummary),
  splits: z.object({
    /** `folders`: train/validation/test folders were found; `hash`: decided by content hash and seed. */
    source: z.enum(['folders', 'hash']),
    train: z.number().int(),
    validation: z.number().int(),
    test: z.number().int(),
  }),
  images: z
    .object({
      width: spread,
      height: spread,
      /** Shapes with their counts, most frequent first, up to 50. */
      shapes: z.array(z.object({ width: z.number(), height: z.number(), count: z.number().int() })),
      formats: z.array(z.object({ format: z.string(), count: z.number().int() })),
      /** True when every picture is grey. */
      grayscale: z.boolean(),
    })
    .optional(),
  table: z
    .object({
      file: z.string(),
      delimiter: z.string(),
      rows: z.number().int(),
      columns: z.array(columnSummary),
      target: z.string().optional(),
      /** The column that says what each row's loss is multiplied by. */
      weights: z.string().optional(),
    })
    .optional(),
  texts: z
    .object({
      characters: spread,
      words: spread,
      /** Set when the texts stand in a column of a CSV file. */
      column: z.string().optional(),
    })
    .optional(),
  findings: z.array(finding),
  options: datasetOptions,
  /** Hex SHA-256 over the examples' content hashes, labels and splits. */
  fingerprint: z.string(),
  scanMilliseconds: z.number(),
  fromCache: z.boolean(),
});
export type DatasetSummary = z.infer<typeof datasetSummary>;

export const scanProgress = z.object({
  type: z.literal('progress'),
  stage: z.enum(['listing', 'reading', 'comparing', 'parsing']),
  done: z.number().int(),
  /** 0 while unknown. */
  total: z.number().int(),
  remainingSeconds: z.number().optional(),
});
export type ScanProgress = z.infer<typeof scanProgress>;

/** One example as a list shows it. `file` is relative to the folder; tables use `row:<n>`. */
export const exampleListing = z.object({
  file: z.string(),
  label: z.string(),
  split: splitName,
  width: z.number().optional(),
  height: z.number().optional(),
  excerpt: z.string().optional(),
  values: z.record(z.string(), z.string()).optional(),
});
export type ExampleListing = z.infer<typeof exampleListing>;
