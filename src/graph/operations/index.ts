export * from './array';
export * from './image';
export * from './math';
export * from './neural';
export * from './optimizers';
export * from './random';
export * from './timing';
