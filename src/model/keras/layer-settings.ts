import { badKerasFile } from './damaged';
import { isObject, type JsonObject } from './json-object';
import type { KerasLayer } from './model-config';

/** Keras' activations that TF.js has, by Keras' name. */
const activations: Readonly<Record<string, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  selu: 'selu',
  sigmoid: 'sigmoid',
  softmax: 'softmax',
  softplus: 'softplus',
  softsign: 'softsign',
  tanh: 'tanh',
  swish: 'swish',
  silu: 'swish',
  gelu: 'gelu',
  mish: 'mish',
};

/** A layer's settings, read with checks: each method throws DescentError `bad-input` naming file, layer and setting. */
export class LayerSettings {
  private readonly config: JsonObject;

  constructor(
    private readonly layer: KerasLayer,
    private readonly file: string,
    private readonly kerasVersion: 2 | 3,
  ) {
    this.config = layer.config;
  }

  refuse(what: string): Error {
    return badKerasFile(this.file, `the layer ${this.layer.name} (${this.layer.className}) ${what}`);
  }

  has(name: string): boolean {
    return this.config[name] !== undefined && this.config[name] !== null;
  }

  /** Refuses a setting that TF.js' layer does not have, unless it says what that layer does anyway. */
  only(name: string, ...allowed: readonly unknown[]): void {
    const value = this.config[name];
    if (value === undefined || value === null || allowed.includes(value)) return;
    throw this.refuse(`has ${name}=${JSON.stringify(value)}, which Descent can’t compute`);
  }

  number(name: string, otherwise?: number): number {
    const value = this.config[name] ?? otherwise;
    // Keras 3 writes NumPy's numbers as objects.
    const plain = isObject(value) && isObject(value.config) ? value.config.value : value;
    if (typeof plain === 'number' && Number.isFinite(plain)) return plain;
    throw this.wrong(name, 'a number');
  }

  /** A positive whole number. */
  count(name: string, otherwise?: number): number {
    const value = this.number(name, otherwise);
    if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
    throw this.wrong(name, 'a positive whole number');
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.config[name] ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false');
  }

  text<T extends string>(name: string, allowed: readonly T[], otherwise?: T): T {
    const value = this.config[name] ?? otherwise;
    if (allowed.includes(value as T)) return value as T;
    throw this.wrong(name, `one of ${allowed.join(', ')}`);
  }

  /** One number or a list of them. */
  numbers(name: string): number[] | undefined {
    const value = flat(this.config[name]);
    if (value === undefined || value === null) return undefined;
    const list = Array.isArray(value) ? value : [value];
    if (list.every((item): item is number => typeof item === 'number' && Number.isFinite(item))) return list;
    throw this.wrong(name, 'numbers');
  }

  /** `dimensions` positive whole numbers; a single one stands for all. */
  sizes(name: string, dimensions: number, otherwise?: number): number[] {
    const list = this.numbers(name) ?? (otherwise === undefined ? [] : [otherwise]);
    const sizes = list.length === 1 ? new Array<number>(dimensions).fill(list[0]!) : list;
    if (sizes.length === dimensions && sizes.every((size) => Number.isInteger(size) && size > 0))
      return sizes;
    throw this.wrong(name, `${dimensions} positive whole numbers`);
  }

  /** Paddings and croppings of pictures: rows before and after, columns before and after. */
  margins(name: string): [[number, number], [number, number]] {
    const value = this.config[name];
    const rows = Array.isArray(value) ? value : [value, value];
    const pairs = rows.map((row) => (Array.isArray(row) ? row : [row, row]));
    const isMargin = (size: unknown) => Number.isInteger(size) && (size as number) >= 0;
    if (pairs.length === 2 && pairs.every((pair) => pair.length === 2 && pair.every(isMargin)))
      return pairs as [[number, number], [number, number]];
    throw this.wrong(name, 'whole numbers');
  }

  /** An axis; Keras writes some in a list. */
  axis(otherwise: number): number {
    const list = this.numbers('axis') ?? [otherwise];
    if (list.length === 1 && Number.isInteger(list[0])) return list[0]!;
    throw this.refuse(`works along the axes ${JSON.stringify(list)}; Descent only knows one`);
  }

  activation(name = 'activation'): string {
    const value = this.config[name] ?? 'linear';
    const called = isObject(value) ? (value.config ?? value.class_name) : value;
    const known = isObject(called) ? value : called;
    if (typeof known === 'string') {
      if (Object.hasOwn(activations, known)) return activations[known]!;
      // Keras 3 has changed its slope.
      if (known === 'hard_sigmoid' && this.kerasVersion === 2) return 'hardSigmoid';
    }
    const shown =
      typeof known === 'string' ? known : JSON.stringify(isObject(value) ? value.class_name : value);
    throw this.refuse(`has the ${name} ${shown}, which Descent does not know`);
  }

  private wrong(name: string, wanted: string): Error {
    return this.refuse(`has ${name}=${JSON.stringify(this.config[name])?.slice(0, 80)} instead of ${wanted}`);
  }
}

/** Keras 3 writes tensors and arrays of settings as objects with `config.value`. */
function flat(value: unknown): unknown {
  const plain = isObject(value) && isObject(value.config) ? value.config.value : value;
  return Array.isArray(plain) ? plain.flat(4) : plain;
}
