import { DescentError } from '../../contract/errors';
import { type DType, isDType } from '../dtype';
import { definitionTable } from './table';

export interface ArgumentDefinition {
  name: string;
  /** Exactly one of these three says the type. */
  dtype?: DType;
  typeAttribute?: string;
  typeListAttribute?: string;
  /** How many tensors, where the argument is a list of tensors of one type. */
  numberAttribute?: string;
}

export type AttributeKind =
  | 'int'
  | 'float'
  | 'bool'
  | 'string'
  | 'type'
  | 'shape'
  | 'tensor'
  | 'func'
  | `list(${'int' | 'float' | 'bool' | 'string' | 'type' | 'shape' | 'tensor' | 'func'})`;

export interface AttributeDefinition {
  name: string;
  kind: AttributeKind;
  /** The choices of strings that have few, and the types that a type attribute may be. */
  allowed?: readonly string[];
  optional: boolean;
  /** Undefined when it is optional with a default that is not written here (an unknown shape). */
  defaultValue?: number | boolean | string | readonly (number | boolean | string)[];
}

export interface OperationDefinition {
  name: string;
  stateful: boolean;
  inputs: readonly ArgumentDefinition[];
  outputs: readonly ArgumentDefinition[];
  attributes: readonly AttributeDefinition[];
}

const typeSets: Readonly<Record<string, readonly DType[]>> = {
  number: [
    'float32',
    'float64',
    'int32',
    'uint8',
    'int16',
    'int8',
    'complex64',
    'int64',
    'qint8',
    'quint8',
    'qint32',
    'bfloat16',
    'uint16',
    'complex128',
    'float16',
    'uint32',
    'uint64',
  ],
  real: [
    'float32',
    'float64',
    'int32',
    'uint8',
    'int16',
    'int8',
    'int64',
    'bfloat16',
    'uint16',
    'float16',
    'uint32',
    'uint64',
  ],
  floating: ['float32', 'float16', 'bfloat16', 'float64'],
  index: ['int32', 'int64'],
};

let lines: Map<string, string> | undefined;
const parsed = new Map<string, OperationDefinition>();

function tableLines(): Map<string, string> {
  lines ??= new Map(
    definitionTable
      .split('\n')
      .filter((line) => line.length > 0)
      .map((line) => [/^[\w>]+/.exec(line)?.[0] ?? '', line]),
  );
  return lines;
}

/**
 * TensorFlow's definition of an operation.
 * @throws DescentError `unsupported` when the table lacks it
 */
export function operationDefinition(name: string): OperationDefinition {
  const known = parsed.get(name);
  if (known) return known;
  const line = tableLines().get(name);
  if (line === undefined)
    throw new DescentError('unsupported', `The operation ${name} is not in the table of operations.`, {
      subject: name,
      remedy: 'Check its spelling, or add it to src/graph/definitions/table.ts.',
    });
  const definition = parseDefinition(line);
  parsed.set(name, definition);
  return definition;
}

export function isKnownOperation(name: string): boolean {
  return parsed.has(name) || tableLines().has(name);
}

/** Makes an operation known that the table lacks (one of a newer TensorFlow), written as a line of the table. */
export function registerOperation(line: string): void {
  const definition = parseDefinition(line);
  parsed.set(definition.name, definition);
}

export function parseDefinition(line: string): OperationDefinition {
  const [head = '', inputs = '', outputs = '', attributes = ''] = splitOutsideQuotes(line, '|');
  const words = (text: string) => splitOutsideQuotes(text, ' ').filter((word) => word.length > 0);
  return {
    name: head.trim().replace('!', ''),
    stateful: head.includes('!'),
    inputs: words(inputs).map(parseArgument),
    outputs: words(outputs).map(parseArgument),
    attributes: words(attributes).map(parseAttribute),
  };
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let current = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quoted && character === '\\') {
      current += character + (text[++at] ?? '');
      continue;
    }
    if (character === '"') quoted = !quoted;
    if (character === separator && !quoted) {
      parts.push(current);
      current = '';
    } else current += character;
  }
  parts.push(current);
  return parts;
}

function parseArgument(text: string): ArgumentDefinition {
  const [name = '', rest = ''] = text.split(':');
  const [count, type] = rest.includes('*') ? rest.split('*') : [undefined, rest];
  const argument: ArgumentDefinition = { name };
  if (count !== undefined) argument.numberAttribute = count;
  if (type!.startsWith('[')) argument.typeListAttribute = type!.slice(1, -1);
  else if (isDType(type!)) argument.dtype = type as DType;
  else argument.typeAttribute = type!;
  return argument;
}

function parseAttribute(text: string): AttributeDefinition {
  const match = /^([^:]+):([^={]+)(?:\{([^}]*)\})?(?:=(.*))?$/s.exec(text);
  if (!match) throw new Error(`Not an attribute: ${text}`);
  const [, name = '', kind = '', allowed, value] = match;
  const attribute: AttributeDefinition = { name, kind: kind as AttributeKind, optional: value !== undefined };
  if (allowed !== undefined)
    attribute.allowed = kind === 'type' ? (typeSets[allowed] ?? allowed.split(',')) : allowed.split(',');
  if (value !== undefined && value !== '?')
    attribute.defaultValue = kind.startsWith('list(')
      ? splitOutsideQuotes(value.slice(1, -1), ',')
          .filter((item) => item.length > 0)
          .map(parseScalar)
      : parseScalar(value);
  return attribute;
}

function parseScalar(text: string): number | boolean | string {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (text === 'true' || text === 'false') return text === 'true';
  if (isDType(text)) return text;
  return Number(text);
}
