import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../files/node/make-directory';
import { isProcessRunning } from '../../files/node/process-identity';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import { choose } from './decode-picture';

const directoryName = /^pictures\.(\d+)\.\w+$/;
/** Files in one directory. */
const filesPerDirectory = 1024;

/** Decoded pictures, a file each, written and read by TensorFlow; lives as long as the process. */
export class PictureDirectory {
  private constructor(private readonly path: string) {}

  static async create(parent: string): Promise<PictureDirectory> {
    await makeDirectory(parent);
    for (const name of await readdir(parent)) {
      const pid = directoryName.exec(name)?.[1];
      if (pid !== undefined && !isProcessRunning(Number(pid)))
        await rm(join(parent, name), { recursive: true, force: true });
    }
    return new PictureDirectory(await mkdtemp(join(parent, `pictures.${process.pid}.`)));
  }

  /**
   * The picture from its file where `kept` is 1; else what `decode` makes, written to that file.
   *
   * @param index int32 []
   * @param kept int32 []
   * @param given handed over to `decode`
   * @returns uint8 [...shape]
   */
  recall(
    index: Tensor,
    kept: Tensor,
    given: readonly Tensor[],
    shape: readonly number[],
    decode: (index: Tensor, given: Tensor[]) => Tensor,
  ): Tensor {
    return choose(
      ops.equal(kept, 1),
      [index, ...given],
      ([again]) => {
        const { graph } = again!;
        const parsed = graph.op('ParseTensor', [ops.readFile(this.file(again!))], { out_type: 'uint8' });
        return graph.op('EnsureShape', [parsed.output], { shape: [...shape] }, { shapes: [shape] }).output;
      },
      ([again, ...handles]) => {
        const { graph } = again!;
        const picture = decode(again!, handles);
        const content = graph.op('SerializeTensor', [picture]).output;
        const written = graph.op('WriteFile', [this.file(again!), content]);
        return graph.after([written], () => ops.identity(picture));
      },
    );
  }

  async dispose(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  private file(index: Tensor): Tensor {
    const { graph } = index;
    const text = (number: Tensor) => graph.op('AsString', [number]).output;
    const directory = text(ops.floorDivide(index, filesPerDirectory));
    return graph.op('StringJoin', [[graph.constant(this.path), directory, text(index)]], { separator: '/' })
      .output;
  }
}
