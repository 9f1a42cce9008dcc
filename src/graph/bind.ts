import { DescentError } from '../contract/errors';
import type { ArgumentDefinition, OperationDefinition } from './definitions/registry';
import type { DType } from './dtype';
import { type AttributeValue, Tensor } from './operation';
import { type Literal, TensorValue } from './tensor-value';

/** A tensor, or a value that becomes a constant of the type that the operation wants. */
export type TensorLike = Tensor | TensorValue | Literal;
/** One argument of an operation; lists stand for arguments that take several tensors. */
export type OperationInput = TensorLike | readonly TensorLike[];

export interface Binding {
  /** With type and number attributes that the inputs tell. */
  attributes: Record<string, AttributeValue>;
  inputs: Tensor[];
}

/**
 * Finds the attributes that the inputs imply (types, list lengths), checks the types and turns literals into constants.
 * @throws DescentError `wrong-use` naming operation, argument, expected and found type
 */
export function bindInputs(
  definition: OperationDefinition,
  label: string,
  inputs: readonly OperationInput[],
  given: Readonly<Record<string, AttributeValue | undefined>>,
  constant: (value: TensorValue) => Tensor,
): Binding {
  const fail = (message: string) =>
    new DescentError('wrong-use', `${label}: ${message}.`, { subject: label });
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) attributes[name] = value;
  if (inputs.length !== definition.inputs.length)
    throw fail(
      `${inputs.length} inputs were given, but it takes ${definition.inputs.length} (${definition.inputs.map((argument) => argument.name).join(', ')})`,
    );

  const boundBy = new Map<string, string>();
  const argumentValues = definition.inputs.map((argument, index) => {
    const value = inputs[index]!;
    if (!argument.numberAttribute && !argument.typeListAttribute) return [value as TensorLike];
    if (!Array.isArray(value)) throw fail(`input ${argument.name} takes a list of tensors`);
    return value as readonly TensorLike[];
  });

  definition.inputs.forEach((argument, index) => {
    const values = argumentValues[index]!;
    const { numberAttribute, typeAttribute, typeListAttribute } = argument;
    if (numberAttribute) {
      const length = attributes[numberAttribute];
      if (length !== undefined && Number(length) !== values.length)
        throw fail(
          `input ${argument.name} has ${values.length} tensors, but ${numberAttribute} is ${length}`,
        );
      attributes[numberAttribute] = values.length;
    }
    if (typeListAttribute) attributes[typeListAttribute] ??= values.map(dtypeOf);
    if (typeAttribute)
      for (const value of values) {
        if (!(value instanceof Tensor || value instanceof TensorValue)) continue;
        const bound = attributes[typeAttribute];
        if (bound !== undefined && bound !== value.dtype)
          throw fail(
            `input ${argument.name} (${nameOf(value)}) is ${value.dtype}, but ${bound} is expected${boundBy.has(typeAttribute) ? ` as of input ${boundBy.get(typeAttribute)}` : ''}`,
          );
        if (bound === undefined) boundBy.set(typeAttribute, argument.name);
        attributes[typeAttribute] = value.dtype;
      }
  });

  // What only literals can tell: the attribute's default, or the usual type of such a value.
  definition.inputs.forEach((argument, index) => {
    const { typeAttribute } = argument;
    if (!typeAttribute || attributes[typeAttribute] !== undefined) return;
    const attribute = definition.attributes.find(({ name }) => name === typeAttribute);
    const byDefault = attribute?.defaultValue;
    const [first] = argumentValues[index]!;
    if (byDefault !== undefined) attributes[typeAttribute] = byDefault as AttributeValue;
    else if (first !== undefined) {
      const usual = dtypeOf(first);
      const { allowed } = attribute ?? {};
      const fits = !allowed || allowed.includes(usual);
      attributes[typeAttribute] = fits ? usual : allowed.includes('int32') ? 'int32' : allowed[0]!;
    }
  });

  const tensors: Tensor[] = [];
  definition.inputs.forEach((argument, index) => {
    argumentValues[index]!.forEach((value, place) => {
      const expected = expectedType(argument, attributes, place);
      const tensor =
        value instanceof Tensor
          ? value
          : constant(
              value instanceof TensorValue ? value : TensorValue.of(value, expected ?? dtypeOf(value)),
            );
      if (expected !== undefined && tensor.dtype !== expected)
        throw fail(`input ${argument.name} (${tensor.name}) is ${tensor.dtype}, but ${expected} is expected`);
      tensors.push(tensor);
    });
  });

  for (const { name, optional, allowed } of definition.attributes) {
    const value = attributes[name];
    if (value === undefined && !optional) throw fail(`the attribute ${name} is missing`);
    if (allowed && value !== undefined && !allowed.includes(String(value)))
      throw fail(`the attribute ${name} is "${String(value)}", but ${allowed.join(', ')} are known`);
  }
  for (const name of Object.keys(attributes))
    if (!name.startsWith('_') && !definition.attributes.some((attribute) => attribute.name === name))
      throw fail(`it has no attribute ${name}`);
  return { attributes, inputs: tensors };
}

/** The types of the outputs, with the output argument of each and the place in it. */
export function bindOutputs(
  definition: OperationDefinition,
  attributes: Readonly<Record<string, AttributeValue>>,
): { dtype: DType; argument: string; index: number }[] {
  const byDefault = (name: string) =>
    attributes[name] ?? definition.attributes.find((attribute) => attribute.name === name)?.defaultValue;
  return definition.outputs.flatMap((argument) => {
    if (argument.typeListAttribute)
      return ((byDefault(argument.typeListAttribute) ?? []) as readonly DType[]).map((dtype, index) => ({
        dtype,
        argument: argument.name,
        index,
      }));
    const dtype = argument.dtype ?? (byDefault(argument.typeAttribute!) as DType);
    const count = argument.numberAttribute ? Number(byDefault(argument.numberAttribute)) : 1;
    return Array.from({ length: count }, (_, index) => ({ dtype, argument: argument.name, index }));
  });
}

function expectedType(
  argument: ArgumentDefinition,
  attributes: Readonly<Record<string, AttributeValue>>,
  place: number,
): DType | undefined {
  if (argument.dtype) return argument.dtype;
  if (argument.typeAttribute) return attributes[argument.typeAttribute] as DType | undefined;
  return (attributes[argument.typeListAttribute!] as readonly DType[] | undefined)?.[place];
}

function dtypeOf(value: TensorLike): DType {
  if (value instanceof Tensor || value instanceof TensorValue) return value.dtype;
  if (Array.isArray(value)) return value.length > 0 ? dtypeOf(value[0] as Literal) : 'float32';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int64';
  return typeof value === 'string' || value instanceof Uint8Array ? 'string' : 'float32';
}

function nameOf(value: Tensor | TensorValue): string {
  return value instanceof Tensor ? value.name : 'a constant';
}
