import { DescentError } from '../contract/errors';
import { bindInputs, bindOutputs, type OperationInput } from './bind';
import { type OperationDefinition, operationDefinition } from './definitions/registry';
import type { DType } from './dtype';
import { EncodedFunction, GraphFunction } from './graph-function';
import { type AttributeValue, Operation, Tensor } from './operation';
import { formatShape, mergeShapes, type Shape } from './shape';
import { inferShapes } from './shapes/infer';
import { type Literal, type NumericArray, TensorValue } from './tensor-value';
import type { Variable } from './variable';

export interface OperationOptions {
  /** Within the current scope; made unique by _1, _2, ... Default: the operation's type. */
  name?: string | undefined;
  /** Must have run before. */
  control?: readonly (Operation | Tensor)[] | undefined;
  /** What is known of the outputs' shapes beyond what is inferred. */
  shapes?: readonly Shape[] | undefined;
}

export interface FunctionArgument {
  name: string;
  dtype: DType;
  shape: Shape;
}

export interface FunctionOptions {
  attributes?: Record<string, boolean | number | string>;
}

export interface VariableOptions {
  trainable?: boolean;
  /** Its value after `session.initialize()`. */
  initial?: Tensor | Literal | NumericArray;
  /** `when-loaded`: a session gives it that value as it loads the graph, without being asked. */
  initialize?: 'when-asked' | 'when-loaded';
}

export interface Signature {
  inputs: Readonly<Record<string, Tensor>>;
  outputs: Readonly<Record<string, Tensor>>;
}

const validName = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;

/** On a function: XLA compiles it. */
export const xlaAttribute = '_XlaMustCompile';

/** The pseudo-operation that stands for an argument inside a function's body. */
export const argumentType = '_FunctionArgument';

/** A TensorFlow graph in the making: operations, functions, variables and signatures. Nothing runs before a session loads it. */
export class Graph {
  readonly operations: Operation[] = [];
  readonly variables: Variable[] = [];
  readonly signatures = new Map<string, Signature>();
  /** Of the outermost graph; bodies of functions share it. */
  readonly functions: Map<string, GraphFunction>;
  private readonly names = new Map<string, number>();
  private readonly byName = new Map<string, Operation>();
  private scopePrefix = '';
  private controls: readonly Operation[] = [];

  /** `root` is the graph in whose library a function's body lies. */
  constructor(readonly root?: Graph) {
    this.functions = root?.functions ?? new Map();
  }

  /**
   * Adds an operation by its registered name. Attributes that the inputs tell (types, list lengths) needn't be given.
   * @throws DescentError `wrong-use` when inputs or attributes don't fit, naming the operation and the argument
   */
  op(
    type: string,
    inputs: readonly OperationInput[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
    options: OperationOptions = {},
  ): Operation {
    const definition = operationDefinition(type);
    const name = this.uniqueName(options.name ?? type);
    const label = `${type} "${name}"`;
    const binding = bindInputs(definition, label, inputs, attributes, (value) => this.constant(value));
    this.checkOwnership(label, binding.inputs);
    return this.add(definition, name, binding.inputs, binding.attributes, options);
  }

  private add(
    definition: OperationDefinition,
    name: string,
    inputs: readonly Tensor[],
    attributes: Readonly<Record<string, AttributeValue>>,
    options: OperationOptions,
  ): Operation {
    const control = this.controlInputs(options.control, inputs);
    const operation = new Operation(this, name, definition, inputs, control, attributes);
    const outputs = bindOutputs(definition, attributes);
    const inferred = inferShapes(operation, outputs.length);
    operation.outputNames = outputs.map(({ argument, index }) => ({ argument, index }));
    operation.outputs = outputs.map(({ dtype }, index) => {
      const stated = options.shapes?.[index] ?? null;
      const shape = mergeShapes(inferred[index] ?? null, stated);
      if (shape === undefined)
        throw operation.error(
          `output ${index} has the shape ${formatShape(inferred[index] ?? null)}, not ${formatShape(stated)}`,
        );
      return new Tensor(operation, index, dtype, shape);
    });
    this.operations.push(operation);
    this.byName.set(name, operation);
    return operation;
  }

  /** Adds the same operation, of this graph or another, on other inputs (laid out flat), without its order. */
  copy(operation: Operation, inputs: readonly Tensor[]): Operation {
    const { definition, attributes, outputs } = operation;
    const name = this.uniqueName(operation.name);
    this.checkOwnership(`${definition.name} "${name}"`, inputs);
    return this.add(definition, name, inputs, attributes, { shapes: outputs.map(({ shape }) => shape) });
  }

  /** The operation with this full name, or undefined. */
  operation(name: string): Operation | undefined {
    return this.byName.get(name);
  }

  /** A constant of `dtype` (default: float32 for numbers, bool, string); one number with a `shape` fills it. */
  constant(
    value: TensorValue | Literal | NumericArray,
    dtype?: DType,
    options: { shape?: readonly number[]; name?: string } = {},
  ): Tensor {
    const tensor =
      value instanceof TensorValue
        ? value
        : TensorValue.of(value, dtype ?? literalType(value), options.shape);
    return this.op('Const', [], { value: tensor, dtype: tensor.dtype }, { name: options.name }).output;
  }

  /** What a session call feeds. */
  placeholder(dtype: DType, shape: Shape, name?: string): Tensor {
    return this.op('Placeholder', [], { dtype, shape }, { name }).output;
  }

  /** Names of what is created in `body` begin with the scope's name and a slash. */
  scope<T>(name: string, body: () => T): T {
    const before = this.scopePrefix;
    this.scopePrefix = `${this.uniqueName(name)}/`;
    try {
      return body();
    } finally {
      this.scopePrefix = before;
    }
  }

  /** What is created in `body` runs after `operations`. */
  after<T>(operations: readonly (Operation | Tensor)[], body: () => T): T {
    const before = this.controls;
    this.controls = [...before, ...operations.map(asOperation)];
    try {
      return body();
    } finally {
      this.controls = before;
    }
  }

  /** A tensor to fetch (int32 0) once all of them have run; operations without outputs can't be fetched themselves. */
  group(operations: readonly (Operation | Tensor)[], name = 'group'): Tensor {
    return this.op(
      'Const',
      [],
      { value: TensorValue.of(0, 'int32'), dtype: 'int32' },
      { name, control: operations },
    ).output;
  }

  /**
   * A variable of the session, with the operations that feed and read it. Its name is what a checkpoint calls it.
   */
  variable(name: string, dtype: DType, shape: readonly number[], options: VariableOptions = {}): Variable {
    if (this.root)
      throw new DescentError('wrong-use', `The variable ${name} can't be made inside a function.`);
    const unique = this.uniqueName(name);
    return this.detached(() => {
      // The name serves as scope, and as the name of the handle itself.
      const inner = (part: string) => `${unique}/${part}`;
      const handle = this.absolute(unique, 'VarHandleOp', [], { dtype, shape, shared_name: unique });
      const value = this.absolute(inner('Read'), 'ReadVariableOp', [handle.output], { dtype }, [
        shape,
      ]).output;
      const feed = this.absolute(inner('initial_value'), 'Placeholder', [], { dtype, shape }).output;
      // A fed tensor borrows JavaScript's memory, which TensorFlow's threads must not release: the variable takes a copy.
      const copy = this.absolute(inner('initial_copy'), 'DeepCopy', [feed], {}, [shape]).output;
      const assign = this.absolute(inner('Assign'), 'AssignVariableOp', [handle.output, copy], { dtype });
      const assigned = this.after([assign], () =>
        this.absolute(inner('assigned'), 'Const', [], {
          value: TensorValue.of(0, 'int32'),
          dtype: 'int32',
        }),
      ).output;
      let initializer: Operation | undefined;
      if (options.initial !== undefined) {
        const initial =
          options.initial instanceof Tensor
            ? options.initial
            : fillOrConstant(this, options.initial, dtype, shape, inner('initial'));
        initializer = this.absolute(inner('Initialize'), 'AssignVariableOp', [handle.output, initial], {
          dtype,
        });
      }
      const trainable = options.trainable ?? true;
      const common = { name: unique, dtype, shape, trainable, handle: handle.output, value, feed, assigned };
      const whenLoaded = options.initialize === 'when-loaded';
      const variable: Variable = initializer ? { ...common, initializer, whenLoaded } : common;
      this.variables.push(variable);
      return variable;
    });
  }

  /** A new read of a variable, after the operations given by `after` or an enclosing `after`. */
  read(variable: Variable, after: readonly (Operation | Tensor)[] = []): Tensor {
    return this.op(
      'ReadVariableOp',
      [variable.handle],
      { dtype: variable.dtype },
      { name: `${variable.name.split('/').at(-1)}/Read`, control: after, shapes: [variable.shape] },
    ).output;
  }

  /** Sets a variable from a tensor of the graph. */
  assign(variable: Variable, value: Tensor, options: OperationOptions = {}): Operation {
    if (mergeShapes(value.shape, variable.shape) === undefined)
      throw new DescentError(
        'wrong-use',
        `The variable ${variable.name} has the shape ${formatShape(variable.shape)}, but ${value} was assigned.`,
        { subject: variable.name },
      );
    return this.op('AssignVariableOp', [variable.handle, value], { dtype: variable.dtype }, options);
  }

  /**
   * Defines a function. `build` gets the arguments and the body, a graph of its own: tensors from outside come in as
   * arguments. Operations without outputs run too.
   */
  defineFunction(
    name: string,
    parameters: readonly FunctionArgument[],
    build: (inputs: Tensor[], body: Graph) => readonly Tensor[],
    options: FunctionOptions = {},
  ): GraphFunction {
    const body = new Graph(this.root ?? this);
    const inputs = parameters.map((parameter) => body.argument(parameter));
    const outputs = build(inputs, body);
    // Only now: the body may have defined functions of that name.
    let unique = name;
    for (let count = 1; this.functions.has(unique); count++) unique = `${name}_${count}`;
    body.checkOwnership(`The function "${unique}"`, outputs);
    const controlOutputs = body.operations.filter(
      (operation) => operation.outputs.length === 0 && operation.type !== 'NoOp',
    );
    const made = new GraphFunction(unique, body, inputs, outputs, controlOutputs, options.attributes ?? {});
    this.functions.set(unique, made);
    return made;
  }

  /**
   * Puts a function into the library as another program encoded it (FunctionDef).
   * @returns whether it is new; false when it lies there already
   * @throws DescentError `unsupported` when another one has its name
   */
  addEncodedFunction(name: string, encoded: Uint8Array): boolean {
    const known = this.functions.get(name);
    if (known instanceof EncodedFunction && Buffer.compare(known.encoded, encoded) === 0) return false;
    if (known)
      throw new DescentError('unsupported', `The graph holds two functions with the name "${name}".`, {
        subject: name,
      });
    this.functions.set(name, new EncodedFunction(name, encoded, new Graph(this.root ?? this)));
    return true;
  }

  /** Calls a function of this graph's library. */
  call(target: GraphFunction, inputs: readonly Tensor[], options: OperationOptions = {}): Tensor[] {
    if (inputs.length !== target.inputs.length)
      throw new DescentError(
        'wrong-use',
        `The function ${target.name} takes ${target.inputs.length} arguments, but ${inputs.length} were given.`,
      );
    inputs.forEach((tensor, index) => {
      const parameter = target.inputs[index]!;
      if (tensor.dtype !== parameter.dtype || mergeShapes(tensor.shape, parameter.shape) === undefined)
        throw new DescentError(
          'wrong-use',
          `The function ${target.name} takes ${parameter.dtype} ${formatShape(parameter.shape)} as argument ${index}, but ${tensor} was given.`,
        );
    });
    const operation = this.op(
      target.stateful ? 'StatefulPartitionedCall' : 'PartitionedCall',
      [inputs],
      {
        f: target,
        Tout: target.outputs.map((tensor) => tensor.dtype),
        // Without it on the call, too, TensorFlow inlines the function and compiles nothing.
        ...(xlaAttribute in target.attributes ? { [xlaAttribute]: target.attributes[xlaAttribute] } : {}),
      },
      { name: target.name, ...options, shapes: target.outputs.map((tensor) => tensor.shape) },
    );
    return [...operation.outputs];
  }

  /** Names inputs and outputs for others who load the SavedModel. */
  addSignature(name: string, signature: Signature): void {
    this.checkOwnership(`The signature "${name}"`, [
      ...Object.values(signature.inputs),
      ...Object.values(signature.outputs),
    ]);
    this.signatures.set(name, signature);
  }

  private argument({ name, dtype, shape }: FunctionArgument): Tensor {
    const definition: OperationDefinition = {
      name: argumentType,
      stateful: false,
      inputs: [],
      outputs: [{ name: 'value', dtype }],
      attributes: [],
    };
    return this.add(definition, this.uniqueName(name), [], {}, { shapes: [shape] }).output;
  }

  private absolute(
    name: string,
    type: string,
    inputs: readonly OperationInput[],
    attributes: Record<string, AttributeValue>,
    shapes?: readonly Shape[],
  ): Operation {
    const definition = operationDefinition(type);
    this.names.set(name, Math.max(this.names.get(name) ?? 0, 1));
    const binding = bindInputs(definition, `${type} "${name}"`, inputs, attributes, (value) =>
      this.constant(value),
    );
    return this.add(definition, name, binding.inputs, binding.attributes, { shapes });
  }

  /** Outside of every scope and order. */
  private detached<T>(body: () => T): T {
    const { controls, scopePrefix } = this;
    this.controls = [];
    this.scopePrefix = '';
    try {
      return body();
    } finally {
      this.controls = controls;
      this.scopePrefix = scopePrefix;
    }
  }

  private uniqueName(name: string): string {
    const wanted = this.scopePrefix + name;
    if (!validName.test(wanted))
      throw new DescentError('wrong-use', `"${wanted}" can't be the name of an operation.`, {
        subject: wanted,
        remedy: 'Use letters, digits, and _ . / - after the first character.',
      });
    let count = this.names.get(wanted) ?? 0;
    let unique = wanted;
    while (count > 0 && this.names.has(unique)) unique = `${wanted}_${count++}`;
    this.names.set(wanted, Math.max(count, 1));
    if (unique !== wanted) this.names.set(unique, 1);
    return unique;
  }

  private controlInputs(
    given: readonly (Operation | Tensor)[] | undefined,
    inputs: readonly Tensor[],
  ): Operation[] {
    const all = new Set([...this.controls, ...(given ?? []).map(asOperation)]);
    for (const tensor of inputs) all.delete(tensor.operation);
    for (const operation of all)
      if (operation.graph !== this)
        throw new DescentError('wrong-use', `${operation.describe()} lies in another graph or function.`);
    return [...all];
  }

  private checkOwnership(label: string, tensors: readonly Tensor[]): void {
    for (const tensor of tensors)
      if (tensor.graph !== this)
        throw new DescentError('wrong-use', `${label} uses ${tensor.name}, which lies in another graph.`, {
          subject: tensor.name,
          remedy: 'Hand it over as an argument of the function.',
        });
  }
}

function asOperation(item: Operation | Tensor): Operation {
  return item instanceof Tensor ? item.operation : item;
}

function literalType(value: Literal | NumericArray): DType {
  if (value instanceof Int32Array) return 'int32';
  if (value instanceof BigInt64Array) return 'int64';
  if (Array.isArray(value)) return value.length > 0 ? literalType(value[0] as Literal) : 'float32';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int64';
  return typeof value === 'string' || value instanceof Uint8Array ? 'string' : 'float32';
}

/** One number is spread by Fill in the session instead of being written out. */
function fillOrConstant(
  graph: Graph,
  value: Literal | NumericArray,
  dtype: DType,
  shape: readonly number[],
  name: string,
): Tensor {
  const constant = TensorValue.of(value, dtype, typeof value === 'number' ? [] : shape);
  if (typeof value !== 'number' || shape.length === 0) return graph.constant(constant);
  return graph.op('Fill', [TensorValue.of([...shape], 'int32', [shape.length]), constant], {}, { name })
    .output;
}
