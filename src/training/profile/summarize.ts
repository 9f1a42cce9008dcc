import {
  type ProfilePart,
  type ProfileReason,
  type ProfileSummary,
  type ProfileVerdict,
  profileParts,
} from '../../contract/profile';
import type { LayerPart } from '../program';
import { loopLane, type Span } from './span-recorder';
import { inOrder } from './trace-events';

const topOperations = 25;

export interface ProfileFacts {
  program: ProfileSummary['program'];
  /** Whether the program tells its operations. */
  tellsOperations: boolean;
  leftOut: number;
  trace: string;
  created: string;
}

interface Opened {
  span: Span;
  /** What of its time no inner span takes. */
  self: number;
  part: ProfilePart;
  inStep: boolean;
}

/**
 * Where the time of the steps went, by the self time of each span: its duration without that of the spans within it.
 * @throws Error without a step
 */
export function summarize(spans: readonly Span[], facts: ProfileFacts): ProfileSummary {
  const totals: Record<ProfilePart, number> = { waiting: 0, copy: 0, compute: 0, callbacks: 0, other: 0 };
  const operations = new Map<string, { count: number; selfMilliseconds: number }>();
  const phases: Record<string, number> = {};
  const layers = new Map<string, LayerTotals>();
  let inOperations = 0;

  const close = ({ span, self, part, inStep }: Opened): void => {
    if (!inStep) return;
    totals[part] += self;
    if (span.category === 'operation') {
      const known = operations.get(span.name) ?? { count: 0, selfMilliseconds: 0 };
      operations.set(span.name, { count: known.count + 1, selfMilliseconds: known.selfMilliseconds + self });
      if (part === 'compute') inOperations += self;
    }
    if (span.category === 'layer') {
      const [phase, layer] = partsOfLayerSpan(span.name);
      const known = layers.get(layer) ?? { forward: 0, backward: 0, update: 0 };
      layers.set(layer, { ...known, [phase]: known[phase] + span.end - span.begin });
    }
    if (span.category === 'compute' && span.name !== 'compute')
      phases[span.name] = (phases[span.name] ?? 0) + span.end - span.begin;
  };
  const open: Opened[] = [];
  for (const span of inOrder(spans.filter(({ lane }) => lane === loopLane))) {
    while (open.length > 0 && open.at(-1)!.span.end <= span.begin) close(open.pop()!);
    const parent = open.at(-1);
    if (parent) parent.self -= Math.min(span.end, parent.span.end) - span.begin;
    open.push({
      span,
      self: span.end - span.begin,
      part: partOf(span, parent?.part),
      inStep: span.category === 'step' || (parent?.inStep ?? false),
    });
  }
  while (open.length > 0) close(open.pop()!);

  const steps = spans.filter(({ category }) => category === 'step');
  if (steps.length === 0) throw new Error('A profile needs a step.');
  const durations = steps.map(({ begin, end }) => end - begin).sort((left, right) => left - right);
  const whole = profileParts.reduce((sum, part) => sum + Math.max(0, totals[part]), 0);
  const shareOf = (milliseconds: number) => (whole > 0 ? Math.min(1, Math.max(0, milliseconds / whole)) : 0);
  const shares = Object.fromEntries(
    profileParts.map((part) => [part, shareOf(totals[part])]),
  ) as ProfileSummary['shares'];
  const operationShare =
    facts.tellsOperations && totals.compute > 0 ? Math.min(1, inOperations / totals.compute) : undefined;
  const listed = [...operations]
    .map(([name, { count, selfMilliseconds }]) => ({
      name,
      count,
      selfMilliseconds: Math.max(0, selfMilliseconds),
      share: shareOf(selfMilliseconds),
    }))
    .sort((left, right) => right.selfMilliseconds - left.selfMilliseconds)
    .slice(0, topOperations);
  const listedLayers = [...layers]
    .map(([name, totals]) => ({ name, total: totals.forward + totals.backward + totals.update, totals }))
    .sort((left, right) => right.total - left.total)
    .map(({ name, total, totals }) => ({
      name,
      forward: totals.forward / steps.length,
      backward: totals.backward / steps.length,
      update: totals.update / steps.length,
      share: shareOf(total),
    }));
  const decodes = spans.some(({ category, lane }) => category === 'pipeline' && lane !== loopLane);
  const told = Object.keys(phases).length > 0;
  const stepNumbers = steps.map(({ step }) => step ?? 0);
  return {
    schemaVersion: 1,
    firstStep: Math.min(...stepNumbers),
    lastStep: Math.max(...stepNumbers),
    steps: steps.length,
    created: facts.created,
    program: facts.program,
    trace: facts.trace,
    stepMilliseconds: {
      mean: durations.reduce((sum, value) => sum + value, 0) / durations.length,
      median: durations[Math.floor(durations.length / 2)]!,
      longest: durations.at(-1)!,
    },
    shares,
    ...(told
      ? {
          compute: Object.fromEntries(
            (['forward', 'backward', 'update'] as const)
              .filter((name) => phases[name] !== undefined)
              .map((name) => [name, phases[name]! / steps.length]),
          ),
        }
      : {}),
    ...(layers.size > 0 ? { layers: listedLayers } : {}),
    ...(facts.tellsOperations ? { operations: listed } : {}),
    ...(operationShare === undefined ? {} : { operationShare }),
    leftOut: facts.leftOut,
    ...judge(shares, operationShare, decodes, listed[0]?.name, listedLayers[0]?.name),
  };
}

type LayerTotals = Record<LayerPart, number>;

/** The name of a layer's span: `forward: conv2d`. */
export function layerSpanName(part: LayerPart, layer: string): string {
  return `${part}: ${layer}`;
}

function partsOfLayerSpan(name: string): [LayerPart, string] {
  const end = name.indexOf(': ');
  return [name.slice(0, end) as LayerPart, name.slice(end + 2)];
}

/** What a span's own time counts as: operations and copies in a callback are the callback's. */
function partOf({ category }: Span, around: ProfilePart | undefined): ProfilePart {
  switch (category) {
    case 'waiting':
    case 'callbacks':
      return category;
    case 'compute':
      return 'compute';
    case 'copy':
      return around === 'callbacks' || around === 'waiting' ? around : 'copy';
    case 'operation':
    case 'pipeline':
    case 'layer':
      return around ?? 'other';
    case 'step':
    case 'call':
      return 'other';
  }
}

/** The largest of: waiting and copying (input), operations (compute), everything that plain code does between (host). */
export function judge(
  shares: ProfileSummary['shares'],
  operationShare: number | undefined,
  decodes: boolean,
  topOperation: string | undefined,
  topLayer?: string,
): { verdict: ProfileVerdict; reason: ProfileReason; message: string } {
  const between = operationShare === undefined ? 0 : shares.compute * (1 - operationShare);
  const input = shares.waiting + shares.copy;
  const host = shares.callbacks + shares.other + between;
  const compute = shares.compute - between;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (input >= host && input >= compute) {
    if (shares.copy > shares.waiting)
      return {
        verdict: 'input-bound',
        reason: 'copy',
        message: `Input-bound: ${percent(shares.copy)} of the time goes into copying batches. Use larger batches or smaller pictures.`,
      };
    if (decodes)
      return {
        verdict: 'input-bound',
        reason: 'decoding',
        message: `Input-bound: ${percent(shares.waiting)} of the time is waiting for files to be decoded. Keep decoded examples (cache: memory or disk), use smaller pictures, or compile the step, so that TensorFlow decodes beside it.`,
      };
    return {
      verdict: 'input-bound',
      reason: 'pipeline',
      message: `Input-bound: ${percent(shares.waiting)} of the time is waiting for data. Raise prefetch, keep decoded examples (cache), or use less augmentation.`,
    };
  }
  if (host >= compute) {
    if (shares.callbacks >= between && shares.callbacks >= shares.other)
      return {
        verdict: 'host-bound',
        reason: 'callbacks',
        message: `Host-bound: ${percent(shares.callbacks)} of the time goes into recording. Record histograms and checkpoints less often, or use larger batches.`,
      };
    if (between >= shares.other)
      return {
        verdict: 'host-bound',
        reason: 'eager',
        message: `Host-bound: ${percent(between)} of the time passes between operations, not in them. Compile the step (compile: auto or graph), or use larger batches.`,
      };
    return {
      verdict: 'host-bound',
      reason: 'overhead',
      message: `Host-bound: ${percent(shares.other)} of the time is overhead around short steps. Use larger batches.`,
    };
  }
  if (operationShare !== undefined)
    return {
      verdict: 'compute-bound',
      reason: 'eager-compute',
      message:
        `Compute-bound: ${percent(shares.compute)} of the time goes into forward, backward and update` +
        `${topOperation === undefined ? '' : ` (longest operation: ${topOperation})`}. ` +
        `Compile the step where the native engine runs (compile: auto); else a smaller model or smaller inputs.`,
    };
  return {
    verdict: 'compute-bound',
    reason: 'compute',
    message:
      `Compute-bound: ${percent(shares.compute)} of the time goes into forward, backward and update` +
      `${topLayer === undefined ? '' : ` (longest layer: ${topLayer})`}. ` +
      `Data and recording keep up; a smaller model, smaller inputs or more threads make it faster.`,
  };
}
