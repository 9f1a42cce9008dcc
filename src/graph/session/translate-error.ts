import { DescentError } from '../../contract/errors';
import type { Graph } from '../graph';

/** The iterator that a fetch drew from has no more elements. */
export class EndOfSequenceError extends DescentError {
  constructor(cause: unknown) {
    super('internal', 'The data set has no more elements.', { cause });
    this.name = 'EndOfSequenceError';
  }
}

const nodeMark = /\[?\[?\{\{node ([^}]+)\}\}\]?\]?/g;

const xlaMark = /tf2xla conversion failed|on XLA_[A-Z]+_JIT/;

/** XLA knows fewer operations than TensorFlow, and wants sizes that it can tell beforehand. */
function refusedByXla(
  raw: string,
  subject: string | undefined,
  name: string | undefined,
  cause: unknown,
): DescentError {
  const missing = /_JIT: (\w+) \(No registered/.exec(raw)?.[1];
  const what = subject ?? missing;
  const reason =
    missing === undefined ? raw.split('\n', 1)[0]!.replaceAll(nodeMark, '') : `it does not know ${missing}`;
  return new DescentError(
    'unsupported',
    `XLA can't compile ${what === undefined ? 'the step' : what}: ${reason.trim().replace(/\.?$/, '.')}`,
    {
      ...(name === undefined ? {} : { subject: name }),
      remedy: 'Train with compile: graph, which runs the same operations without XLA.',
      cause,
    },
  );
}

/** TensorFlow's error with the name and type of the operation in our graph. */
export function translateError(error: unknown, graph: Graph, doing: string): DescentError {
  const raw = error instanceof Error ? error.message : String(error);
  if (/\bEnd of sequence\b/.test(raw)) return new EndOfSequenceError(error);
  const names = [...raw.matchAll(nodeMark)].map((match) => match[1]!);
  const name = names.find((candidate) => findOperation(graph, candidate) !== undefined) ?? names[0];
  const reason = raw
    .replace(/^Session fail to run with error:\s*/, '')
    .replace(/^Failed to load SavedModel:\s*/, '')
    .replaceAll(/\{\{function_node [^}]*\}\}\s*/g, '')
    .replaceAll(nodeMark, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const operation = name === undefined ? undefined : findOperation(graph, name);
  const subject = operation ? operation.describe() : name;
  if (xlaMark.test(raw)) return refusedByXla(raw, subject, name, error);
  return new DescentError(
    'internal',
    `${doing}${subject === undefined ? '' : ` in ${subject}`}: ${reason}${reason.endsWith('.') ? '' : '.'}`,
    { ...(name === undefined ? {} : { subject: name }), cause: error },
  );
}

function findOperation(graph: Graph, name: string) {
  const own = graph.operation(name);
  if (own) return own;
  for (const target of graph.functions.values()) {
    // Inlined functions carry the caller's name in front.
    const inner = target.body.operation(name) ?? target.body.operation(name.slice(name.indexOf('/') + 1));
    if (inner) return inner;
  }
  return undefined;
}
