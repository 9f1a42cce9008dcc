import type { Graph } from '../../graph/graph';
import type { Operation, Tensor } from '../../graph/operation';
import * as ops from '../../graph/operations';
import type { Variable } from '../../graph/variable';
import type { LayerPart, LayerSpan } from '../program';

/** Work that belongs to no layer: the loss with its penalties, and updates of what is no layer's weight. */
const lossName = 'loss';
const updateName = 'optimizer';

interface Milestone {
  part: LayerPart;
  layer: string;
  operation: Operation;
}

/** Ends of the parts of a step, in milliseconds since its inputs were there. */
export interface PartEnds {
  forward: number;
  backward: number;
  update: number;
}

/** What changes weights at the end of a step. */
export interface TimedUpdates {
  operations: readonly Operation[];
  /** float64 [operations], seconds: `LayerTimes.stamp` of them, or zeros when none of them ran. */
  times: Tensor;
  /** Whose variables they change: `<layer>/<weight>`. */
  variables: readonly { name: string; variable: Variable }[];
}

/**
 * Tells when the layers of a training step have done their work, by a Timestamp operation after each result that one layer
 * hands to another. Only a call that fetches the times runs these; TensorFlow prunes them from all others.
 */
export class LayerTimes {
  private readonly milestones: Milestone[] = [];
  private readonly stamps: Tensor[] = [];
  private readonly layers = new Map<Operation, string>();
  private readonly backwards = new Map<Operation, string>();

  constructor(private readonly graph: Graph) {}

  /** What a layer's forward pass consists of. Operations that nobody takes in the end don't count. */
  emitted(layer: string, operations: readonly Operation[]): void {
    for (const operation of operations) this.layers.set(operation, layer);
  }

  /** What the gradient of `operation` consists of. */
  differentiated(operation: Operation, operations: readonly Operation[]): void {
    const layer = this.layers.get(operation) ?? lossName;
    for (const created of operations) this.backwards.set(created, layer);
  }

  /** After loss and gradients: times what layers hand on. */
  passes(loss: Tensor, gradients: readonly { weight: string; gradient: Tensor }[]): void {
    const numbers = numbersOf(this.graph);
    const forward = ancestors([loss.operation]);
    for (const operation of sorted(numbers, handedOn(forward, this.layers)))
      this.add('forward', this.layers.get(operation)!, operation);
    this.add('forward', lossName, loss.operation);
    const all = ancestors(gradients.map(({ gradient }) => gradient.operation));
    const backward = new Set([...all].filter((operation) => this.backwards.has(operation)));
    for (const operation of sorted(numbers, handedOn(backward, this.backwards)))
      this.add('backward', this.backwards.get(operation)!, operation);
    for (const { weight, gradient } of gradients)
      this.add('backward', layerOfWeight(weight), gradient.operation);
  }

  /** float64 [operations], seconds. To be called where they are emitted: what is created here runs when they do. */
  stamp(operations: readonly Operation[]): Tensor {
    return ops.stack(
      operations.map((operation) => this.stampOf(operation)),
      0,
    );
  }

  /** The times of a step that ends with `updates`. `begin`: seconds (float64) at which its inputs were there. */
  finish(begin: Tensor, updates: TimedUpdates): TimedLayers {
    const owners = new Map(
      updates.variables.map(({ name, variable }) => [variable.handle.operation, layerOfWeight(name)]),
    );
    const milestones = [
      ...this.milestones,
      ...updates.operations.map((operation): Milestone => {
        const owner = operation.inputs.map((input) => owners.get(input.operation)).find(Boolean);
        return { part: 'update', layer: owner ?? updateName, operation };
      }),
    ];
    const seconds = ops.concat([ops.stack(this.stamps, 0), updates.times], 0);
    const times = ops.cast(ops.multiply(ops.subtract(seconds, begin), 1000), 'float32');
    return new TimedLayers(this.graph, milestones, times);
  }

  private add(part: LayerPart, layer: string, operation: Operation): void {
    if (this.milestones.some((known) => known.operation === operation)) return;
    this.milestones.push({ part, layer, operation });
    this.stamps.push(this.stampOf(operation));
  }

  private stampOf(after: Operation): Tensor {
    return this.graph.op('Timestamp', [], {}, { control: [after] }).output;
  }
}

/** The times of one kind of step, and what they say. */
export class TimedLayers {
  /** Places of operations in the graph, where inputs come before what takes them. */
  private readonly numbers: ReadonlyMap<Operation, number>;
  /** Milestones, those of later operations first. */
  private readonly latestFirst: readonly number[];
  /** For each milestone those that its result leads to next. */
  private readonly following: readonly (readonly number[])[];

  constructor(
    graph: Graph,
    private readonly milestones: readonly Milestone[],
    /** float32 [milestones], milliseconds since the step began. */
    readonly times: Tensor,
  ) {
    this.numbers = numbersOf(graph);
    const places = new Map(milestones.map(({ operation }, index) => [operation, index]));
    this.latestFirst = sorted(this.numbers, places.keys())
      .reverse()
      .map((operation) => places.get(operation)!);
    this.following = followingOf(graph, milestones, places);
  }

  /**
   * Spans from one result to the next, in the order of their happening: since layers may work at once, a span is the time
   * by which its layer's result came later than the one before it. Together they are the time of the computing.
   */
  spans(times: Float32Array, ends: PartEnds): LayerSpan[] {
    const order: Record<LayerPart, number> = { forward: 0, backward: 1, update: 2 };
    const bounds = {
      forward: [0, ends.forward],
      backward: [ends.forward, ends.backward],
      update: [ends.forward, ends.update],
    } as const;
    const known = this.inOrder(times);
    const reached = this.milestones
      .map(({ part, layer, operation }, index) => {
        const [earliest, latest] = bounds[part];
        const done = known[index]! < Number.POSITIVE_INFINITY;
        return { part, layer, operation, done, time: Math.min(latest, Math.max(earliest, known[index]!)) };
      })
      .filter(({ done }) => done)
      .sort(
        (left, right) =>
          left.time - right.time ||
          order[left.part] - order[right.part] ||
          this.numbers.get(left.operation)! - this.numbers.get(right.operation)!,
      );
    const spans: LayerSpan[] = [];
    let at = 0;
    const extend = (part: LayerPart, layer: string, end: number): void => {
      if (end <= at) return;
      const last = spans.at(-1);
      if (last?.part === part && last.layer === layer && at !== ends.backward) last.end = end;
      else spans.push({ part, layer, begin: at, end });
      at = end;
    };
    for (const { part, layer, time } of reached) {
      // What a trace draws within a pass must end with it.
      if (part !== 'forward') extend('forward', lossName, ends.forward);
      if (part === 'update' && time > ends.backward) extend(part, layer, ends.backward);
      extend(part, layer, time);
    }
    extend('update', updateName, ends.backward);
    extend('update', updateName, ends.update);
    return spans;
  }

  /** A Timestamp may come to its turn late: a result was there no later than what was made of it. */
  private inOrder(times: Float32Array): Float32Array {
    // Zeros stand for what has not been done.
    const known = times.map((time) => (time < 0 ? Number.POSITIVE_INFINITY : time));
    for (const index of this.latestFirst)
      for (const next of this.following[index]!) known[index] = Math.min(known[index]!, known[next]!);
    return known;
  }
}

function numbersOf(graph: Graph): Map<Operation, number> {
  return new Map(graph.operations.map((operation, number) => [operation, number]));
}

/** In the order of the graph. */
function sorted(numbers: ReadonlyMap<Operation, number>, operations: Iterable<Operation>): Operation[] {
  return [...operations].sort((left, right) => numbers.get(left)! - numbers.get(right)!);
}

function followingOf(
  graph: Graph,
  milestones: readonly Milestone[],
  places: ReadonlyMap<Operation, number>,
): number[][] {
  const consumers = new Map<Operation, Operation[]>();
  for (const operation of graph.operations)
    for (const given of [...operation.inputs.map((input) => input.operation), ...operation.control]) {
      const known = consumers.get(given);
      if (known) known.push(operation);
      else consumers.set(given, [operation]);
    }
  return milestones.map(({ operation }) => {
    const found = new Set<number>();
    const seen = new Set<Operation>();
    const queue = [...(consumers.get(operation) ?? [])];
    for (let next = queue.pop(); next; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const index = places.get(next);
      if (index === undefined) queue.push(...(consumers.get(next) ?? []));
      else found.add(index);
    }
    return [...found];
  });
}

/** `dense/kernel` -> `dense`. */
function layerOfWeight(name: string): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** Those of `operations` with an owner whose result an operation takes that isn't the same owner's. */
function handedOn(
  operations: ReadonlySet<Operation>,
  owners: ReadonlyMap<Operation, string>,
): Set<Operation> {
  const found = new Set<Operation>();
  for (const operation of operations)
    for (const { operation: given } of operation.inputs) {
      const owner = owners.get(given);
      // Constants are there from the beginning.
      if (owner !== undefined && owner !== owners.get(operation) && given.inputs.length > 0) found.add(given);
    }
  return found;
}

/** All that the operations are computed from, they included. */
function ancestors(from: readonly Operation[]): Set<Operation> {
  const found = new Set(from);
  const queue = [...from];
  for (let next = queue.pop(); next; next = queue.pop())
    for (const { operation } of next.inputs)
      if (!found.has(operation)) {
        found.add(operation);
        queue.push(operation);
      }
  return found;
}
