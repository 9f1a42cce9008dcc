import { Writer } from 'protobufjs/minimal.js';
import { tag } from './event-encoding';

// Field numbers: tensorboard/plugins/hparams/plugin_data.proto and api.proto.
const pluginDataVersion = 0;

export type HyperparameterRecord = Record<string, number | string | boolean>;

export interface ExperimentDescription {
  hyperparameters: readonly {
    name: string;
    description?: string;
    type: 'string' | 'boolean' | 'number';
    /** The values that it may take; strings and booleans only. */
    choices?: readonly (string | boolean)[];
    interval?: { minimum: number; maximum: number };
  }[];
  /** `group` is the folder of the metric relative to the run's root. */
  metrics: readonly { group: string; tag: string; displayName: string }[];
  createdSeconds: number;
}

export const hparamsTags = {
  experiment: '_hparams_/experiment',
  sessionStart: '_hparams_/session_start_info',
  sessionEnd: '_hparams_/session_end_info',
} as const;

export const sessionEndStatus = { unknown: 0, success: 1, failure: 2, running: 3 } as const;

const dataTypes = { string: 1, boolean: 2, number: 3 } as const;

export function encodeExperiment(experiment: ExperimentDescription): Uint8Array {
  const writer = new Writer();
  writer.uint32(tag(3, 1)).double(experiment.createdSeconds);
  for (const parameter of experiment.hyperparameters) {
    writer.uint32(tag(4, 2)).fork().uint32(tag(1, 2)).string(parameter.name);
    if (parameter.description) writer.uint32(tag(3, 2)).string(parameter.description);
    writer.uint32(tag(4, 0)).int32(dataTypes[parameter.type]);
    if (parameter.choices) {
      writer.uint32(tag(5, 2)).fork();
      for (const choice of parameter.choices) value(writer.uint32(tag(1, 2)).fork(), choice).ldelim();
      writer.ldelim();
    } else if (parameter.interval) {
      writer.uint32(tag(6, 2)).fork();
      writer.uint32(tag(1, 1)).double(parameter.interval.minimum);
      writer.uint32(tag(2, 1)).double(parameter.interval.maximum);
      writer.ldelim();
    }
    writer.ldelim();
  }
  for (const metric of experiment.metrics) {
    writer.uint32(tag(5, 2)).fork();
    writer.uint32(tag(1, 2)).fork().uint32(tag(1, 2)).string(metric.group);
    writer.uint32(tag(2, 2)).string(metric.tag).ldelim();
    writer.uint32(tag(3, 2)).string(metric.displayName).ldelim();
  }
  return pluginData(2, writer.finish());
}

export function encodeSessionStart(
  hyperparameters: HyperparameterRecord,
  groupName: string,
  startSeconds: number,
): Uint8Array {
  const writer = new Writer();
  for (const [name, setting] of Object.entries(hyperparameters)) {
    writer.uint32(tag(1, 2)).fork().uint32(tag(1, 2)).string(name);
    value(writer.uint32(tag(2, 2)).fork(), setting)
      .ldelim()
      .ldelim();
  }
  writer.uint32(tag(4, 2)).string(groupName).uint32(tag(5, 1)).double(startSeconds);
  return pluginData(3, writer.finish());
}

export function encodeSessionEnd(status: number, endSeconds: number): Uint8Array {
  return pluginData(
    4,
    new Writer().uint32(tag(1, 0)).int32(status).uint32(tag(2, 1)).double(endSeconds).finish(),
  );
}

function pluginData(field: number, message: Uint8Array): Uint8Array {
  return new Writer()
    .uint32(tag(1, 0))
    .int32(pluginDataVersion)
    .uint32(tag(field, 2))
    .bytes(message)
    .finish();
}

/** google.protobuf.Value */
function value(writer: Writer, setting: number | string | boolean): Writer {
  if (typeof setting === 'number') return writer.uint32(tag(2, 1)).double(setting);
  if (typeof setting === 'string') return writer.uint32(tag(3, 2)).string(setting);
  return writer.uint32(tag(4, 0)).bool(setting);
}
