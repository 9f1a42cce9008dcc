import type { PictureShape } from '../../dataset/common/pixels';
import type { Graph } from '../../graph/graph';
import type { Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Opening } from '../../graph/session/opening';
import { decodeToShape, type FileKind, fileKinds } from './decode-picture';
import type { PictureFiles } from './picture-files';
import { SessionTensor } from './session-tensor';

/** The files' columns in the session, and the way from an example's number to its picture. */
export class FileDecoder {
  private readonly paths: SessionTensor;
  private readonly columns: SessionTensor;
  private readonly kinds: ReadonlySet<FileKind>;
  private readonly turned: boolean;

  constructor(
    graph: Graph,
    name: string,
    private readonly files: PictureFiles,
    private readonly shape: PictureShape,
  ) {
    const count = Math.max(1, files.paths.length);
    this.paths = new SessionTensor(graph, `${name}/paths`, 'string', [count]);
    this.columns = new SessionTensor(graph, `${name}/columns`, 'int32', [count, 2]);
    this.kinds = new Set(Array.from(files.kinds, (kind) => fileKinds[kind]!));
    this.turned = files.orientations.some((orientation) => orientation > 1);
  }

  /** What a function captures to decode. */
  get handles(): Tensor[] {
    return [this.paths.handle, this.columns.handle];
  }

  /** uint8 [height, width, channels]; `handles` as the function got them. */
  decode(index: Tensor, [paths, columns]: readonly Tensor[]): Tensor {
    const bytes = ops.readFile(this.paths.gather(paths!, index));
    const row = this.columns.gather(columns!, index);
    const orientation = this.turned ? ops.element(row, 1) : undefined;
    return decodeToShape(bytes, ops.element(row, 0), this.kinds, orientation, this.shape);
  }

  open(opening: Opening, count: number): void {
    if (count === 0) return;
    const { paths, kinds, orientations } = this.files;
    this.paths.fill(opening, (index) => paths[index]!);
    this.columns.fill(opening, (index) => Int32Array.of(kinds[index]!, orientations[index]!));
  }
}
