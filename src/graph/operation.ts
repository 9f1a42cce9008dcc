import { DescentError } from '../contract/errors';
import type { OperationDefinition } from './definitions/registry';
import type { DType } from './dtype';
import type { Graph } from './graph';
import type { GraphFunction } from './graph-function';
import { formatShape, type Shape } from './shape';
import type { TensorValue } from './tensor-value';

export type AttributeItem =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | Shape
  | TensorValue
  | GraphFunction;
/** A value as its attribute's kind wants it: type -> 'float32', shape -> [null, 3] or null, func -> a GraphFunction, ... */
export type AttributeValue = AttributeItem | readonly AttributeItem[];

/** The result of an operation in a graph that has yet to run: a type, and as much of the shape as is known. */
export class Tensor {
  constructor(
    readonly operation: Operation,
    readonly index: number,
    readonly dtype: DType,
    readonly shape: Shape,
  ) {}

  get graph(): Graph {
    return this.operation.graph;
  }

  /** `dense/MatMul:0`. */
  get name(): string {
    return `${this.operation.name}:${this.index}`;
  }

  /** Throws `wrong-use` when it is unknown. */
  get rank(): number {
    if (this.shape === null)
      throw new DescentError('wrong-use', `The rank of ${this.name} is unknown.`, {
        subject: this.name,
        remedy: 'Give its shape with ensureShape.',
      });
    return this.shape.length;
  }

  toString(): string {
    return `${this.name} ${this.dtype} ${formatShape(this.shape)}`;
  }
}

/** What an argument of an operation refers to in a function's body: the name of an output list, and a place in it. */
interface OutputName {
  argument: string;
  index: number;
}

/** One node of a graph. */
export class Operation {
  outputs: readonly Tensor[] = [];
  /** In the order of the outputs. */
  outputNames: readonly OutputName[] = [];

  constructor(
    readonly graph: Graph,
    readonly name: string,
    readonly definition: OperationDefinition,
    /** Lists are laid out flat. */
    readonly inputs: readonly Tensor[],
    readonly control: readonly Operation[],
    readonly attributes: Readonly<Record<string, AttributeValue>>,
  ) {}

  get type(): string {
    return this.definition.name;
  }

  get output(): Tensor {
    return this.out(0);
  }

  input(index: number): Tensor {
    const tensor = this.inputs[index];
    if (!tensor) throw new DescentError('wrong-use', `${this.describe()} has no input ${index}.`);
    return tensor;
  }

  out(index: number): Tensor {
    const tensor = this.outputs[index];
    if (!tensor) throw new DescentError('wrong-use', `${this.describe()} has no output ${index}.`);
    return tensor;
  }

  /** The value of an attribute as it was given or bound, or else its default. */
  attribute(name: string): AttributeValue | undefined {
    const given = this.attributes[name];
    if (given !== undefined) return given;
    return this.definition.attributes.find((attribute) => attribute.name === name)?.defaultValue;
  }

  int(name: string): number {
    return Number(this.attribute(name));
  }

  flag(name: string): boolean {
    return this.attribute(name) === true;
  }

  text(name: string): string {
    return String(this.attribute(name));
  }

  dtype(name: string): DType {
    return this.attribute(name) as DType;
  }

  ints(name: string): number[] {
    return (this.attribute(name) as readonly (number | bigint)[] | undefined)?.map(Number) ?? [];
  }

  /** `MatMul "dense/MatMul"`. */
  describe(): string {
    return `${this.type} "${this.name}"`;
  }

  /** An error about this operation's inputs or attributes. */
  error(message: string, remedy?: string): DescentError {
    const inputs = this.inputs.map((tensor) => `${tensor.dtype}${formatShape(tensor.shape)}`).join(', ');
    return new DescentError('wrong-use', `${this.describe()}: ${message} (inputs: ${inputs || 'none'}).`, {
      subject: this.name,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
