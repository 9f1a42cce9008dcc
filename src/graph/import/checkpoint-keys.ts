import { DescentError } from '../../contract/errors';
import { Graph } from '../graph';
import { GraphSession } from '../session/session';
import { decodeCheckpointGraph, type EncodedObject } from './saved-model-schema';

/** What a checkpoint calls the description of its objects. */
const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH';
const valueAttribute = 'VARIABLE_VALUE';

/**
 * Under which key each variable of a SavedModel stands in its checkpoint, by the variable's number: objects of both are the
 * same where the same names lead to them from the root.
 * @param prefix `<folder>/variables/variables`
 * @throws DescentError `bad-input` when the checkpoint can't be read; `unsupported` without the native engine
 */
export async function checkpointKeys(
  prefix: string,
  objects: readonly EncodedObject[],
): Promise<ReadonlyMap<number, string>> {
  const encoded = await readObjectGraph(prefix);
  const { nodes } = decodeCheckpointGraph(encoded);
  const keys = new Map<number, string>();
  const waiting: [saved: number, kept: number][] = [[0, 0]];
  const seen = new Set<number>([0]);
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    const [saved, kept] = pair;
    const key = nodes[kept]?.attributes.find(({ name }) => name === valueAttribute)?.checkpoint_key;
    if (key !== undefined) keys.set(saved, key);
    const children = new Map(nodes[kept]?.children.map(({ local_name, node_id }) => [local_name, node_id]));
    for (const { local_name, node_id } of objects[saved]?.children ?? []) {
      const other = children.get(local_name);
      if (other === undefined || seen.has(node_id)) continue;
      seen.add(node_id);
      waiting.push([node_id, other]);
    }
  }
  return keys;
}

async function readObjectGraph(prefix: string): Promise<Uint8Array> {
  const graph = new Graph();
  const read = graph.op('RestoreV2', [prefix, graph.constant([objectGraphKey]), graph.constant([''])], {
    dtypes: ['string'],
  });
  const session = await GraphSession.load(graph);
  try {
    return session.fetch(read.out(0)).data[0] as Uint8Array;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DescentError('bad-input', `The variables ${prefix}.* can't be read: ${reason}`, {
      subject: prefix,
      remedy: 'Copy the whole SavedModel again, its folder variables/ included.',
      cause,
    });
  } finally {
    session.dispose();
  }
}
