import type { Shape } from '../shape';
import type { ShapeFunction } from './shape-function';

const scalar: ShapeFunction = (operation) => operation.definition.outputs.map(() => []);

function picture(operation: Parameters<ShapeFunction>[0]): Shape {
  const channels = operation.int('channels');
  return [null, null, channels > 0 ? channels : null];
}

const stated: ShapeFunction = (operation) =>
  (operation.attribute('output_shapes') as readonly Shape[] | undefined) ?? [];

export const dataShapes: Record<string, ShapeFunction> = {
  ReadFile: scalar,
  Timestamp: scalar,
  EncodeJpeg: scalar,
  EncodePng: scalar,
  SerializeTensor: scalar,
  StringFormat: scalar,
  HashTableV2: scalar,
  LookupTableFindV2: (operation) => [operation.input(1).shape],
  DecodeJpeg: (operation) => [picture(operation)],
  DecodePng: (operation) => [picture(operation)],
  DecodeBmp: (operation) => [picture(operation)],
  DecodeGif: () => [[null, null, null, 3]],
  RestoreV2: (operation) => ((operation.attribute('dtypes') as readonly unknown[]) ?? []).map(() => null),
  IteratorV2: scalar,
  IteratorGetNext: stated,
  IteratorGetNextSync: stated,
  OptionalGetValue: stated,
  OptionalHasValue: scalar,
  RangeDataset: scalar,
  DecodeCSV: (operation) =>
    ((operation.attribute('OUT_TYPE') as readonly unknown[]) ?? []).map(() => operation.input(0).shape),
};
