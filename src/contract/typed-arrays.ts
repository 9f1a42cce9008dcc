import { z } from 'zod';

export const float64Array = z.custom<Float64Array>(
  (value) => value instanceof Float64Array,
  'expected a Float64Array',
);
export const float32Array = z.custom<Float32Array>(
  (value) => value instanceof Float32Array,
  'expected a Float32Array',
);
export const int32Array = z.custom<Int32Array>(
  (value) => value instanceof Int32Array,
  'expected an Int32Array',
);
export const bytes = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array,
  'expected bytes (Uint8Array)',
);
