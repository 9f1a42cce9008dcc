import type { Graph } from './graph';
import type { Operation, Tensor } from './operation';

/** A function of a graph's library: called by PartitionedCall, mapped over data sets, compiled by XLA. */
export class GraphFunction {
  constructor(
    readonly name: string,
    readonly body: Graph,
    readonly inputs: readonly Tensor[],
    readonly outputs: readonly Tensor[],
    /** Run even though no output needs them. */
    readonly controlOutputs: readonly Operation[],
    /** Such as `_XlaMustCompile: true`. */
    readonly attributes: Readonly<Record<string, boolean | number | string>>,
  ) {}

  get stateful(): boolean {
    return this.body.operations.some((operation) => operation.definition.stateful);
  }
}

/** A function whose body another program wrote. It may be the value of an attribute; nothing is known of its inputs. */
export class EncodedFunction extends GraphFunction {
  constructor(
    name: string,
    /** FunctionDef. */
    readonly encoded: Uint8Array,
    emptyBody: Graph,
  ) {
    super(name, emptyBody, [], [], [], {});
  }

  override get stateful(): boolean {
    return true;
  }
}
