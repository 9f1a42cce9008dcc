import type { Saver } from '../encoding/saved-model';
import type { Graph } from '../graph';
import type { Tensor } from '../operation';
import type { Variable } from '../variable';

export interface CheckpointSaver extends Saver {
  /** Fetched (with `fileName` fed) to read the variables back. */
  restored: Tensor;
}

/**
 * Adds operations that write variables (default: all) to a TensorFlow checkpoint and read them back, under their names.
 * Call it once the variables are made and before the session loads the graph.
 */
export function addSaver(graph: Graph, variables: readonly Variable[] = graph.variables): CheckpointSaver {
  return graph.scope('save', () => {
    const fileName = graph.placeholder('string', [], 'filename');
    const names = graph.constant(
      variables.map((variable) => variable.name),
      'string',
      { shape: [variables.length], name: 'names' },
    );
    const slices = graph.constant(
      variables.map(() => ''),
      'string',
      { shape: [variables.length], name: 'slices' },
    );
    const written = graph.op('SaveV2', [
      fileName,
      names,
      slices,
      variables.map((variable) => graph.read(variable)),
    ]);
    const save = graph.op('Identity', [fileName], {}, { name: 'written', control: [written] }).output;
    const read = graph.op('RestoreV2', [fileName, names, slices], {
      dtypes: variables.map((variable) => variable.dtype),
    });
    const assignments = variables.map((variable, index) =>
      graph.assign(
        variable,
        graph.op('Identity', [read.out(index)], {}, { shapes: [variable.shape] }).output,
      ),
    );
    const restore = graph.op('NoOp', [], {}, { name: 'restore_all', control: assignments });
    return { fileName, save, restore, restored: graph.group([restore], 'restored') };
  });
}
