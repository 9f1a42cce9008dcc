import { join } from 'node:path';
import type { JobEvent } from '../../contract/frames';
import type { Hyperparameters } from '../../contract/hyperparameters';
import { writeFileAtomically } from '../../files/node/atomic';
import { setActiveTrace } from '../../pipeline/tracing';
import type { StepReport, StepTimings, TrainingProgram } from '../program';
import { SpanRecorder } from './span-recorder';
import { layerSpanName, summarize } from './summarize';
import { traceOf } from './trace-events';

/** Folder of a run that keeps profiles. */
export const profileFolder = 'profile';

interface Window {
  recorder: SpanRecorder;
  /** Ends the program's telling. */
  leave: (() => void) | undefined;
  /** The step in hand, and when it began. */
  step?: { number: number; begin: number };
}

/**
 * Profiles the window of steps that a run's settings name, and writes its trace and summary into the run's folder. Outside
 * the window a step pays one comparison.
 */
export class StepProfiler {
  private window: Window | undefined;
  private leaveLayers: (() => void) | undefined;
  private readonly first: number;
  private readonly last: number;

  constructor(
    private readonly program: TrainingProgram,
    private readonly plan: {
      runDirectory: string;
      hyperparameters: Pick<Hyperparameters, 'profileFirstStep' | 'profileSteps'>;
    },
    private readonly emit: (event: JobEvent) => void,
  ) {
    const { profileFirstStep, profileSteps } = plan.hyperparameters;
    this.first = profileFirstStep > 0 ? profileFirstStep : Number.POSITIVE_INFINITY;
    this.last = this.first + profileSteps - 1;
  }

  /** Before a step is asked for; opens the window when it is one of it. */
  stepBegins(): void {
    const number = this.program.step + 1;
    if (number < this.first - 1 || number > this.last) return;
    // The first step that times its layers has to be made ready for it: not one of the window, if there is one before.
    this.leaveLayers ??= this.program.timeLayers?.();
    if (number < this.first) return;
    this.window ??= this.open();
    this.window.step = { number, begin: performance.now() };
  }

  /** After the program's step, with the moment at which it was asked for data and the one at which the loop gave way before. */
  stepTaken(report: StepReport, yielded: number, asked: number): void {
    const { window } = this;
    if (!window?.step) return;
    const { recorder } = window;
    if (!window.leave) drawTimings(recorder, report.timings, asked, performance.now());
    recorder.add('waiting', 'event loop', yielded, asked);
  }

  /** There was no step any more in the epoch. */
  stepDropped(): void {
    if (this.window) this.window.step = undefined;
  }

  /** Work of the loop beside steps: recording, histograms, checkpoints, validation. */
  measure<Result>(name: string, work: () => Result): Result {
    const { window } = this;
    if (!window) return work();
    const begin = performance.now();
    const ended = () => window.recorder.add('callbacks', name, begin, performance.now());
    const result = work();
    if (result instanceof Promise) return result.finally(ended) as Result;
    ended();
    return result;
  }

  /** After the callbacks of a step; writes the profile after the last step of the window. */
  async stepEnds(): Promise<void> {
    const { window } = this;
    if (!window?.step) return;
    const { number, begin } = window.step;
    window.recorder.add('step', `step ${number}`, begin, performance.now(), number);
    window.step = undefined;
    if (number >= this.last) await this.close();
  }

  /** When the training has come to its end. */
  async finish(): Promise<void> {
    await this.close();
    if (this.first === Number.POSITIVE_INFINITY || this.program.step >= this.first) return;
    this.emit({
      type: 'notice',
      severity: 'notes',
      message: `No step was profiled: the training ended before step ${this.first}.`,
    });
  }

  private open(): Window {
    const recorder = new SpanRecorder();
    setActiveTrace(recorder);
    return { recorder, leave: this.program.profile?.(recorder) };
  }

  /** When no more steps come: writes what the window has got so far. */
  async close(): Promise<void> {
    const { window } = this;
    this.leaveLayers?.();
    this.leaveLayers = undefined;
    if (!window) return;
    this.window = undefined;
    setActiveTrace(undefined);
    window.leave?.();
    window.recorder.close();
    try {
      await this.write(window.recorder, window.leave !== undefined);
    } catch (error) {
      // The training is worth more than its profile.
      const reason = error instanceof Error ? error.message : String(error);
      this.emit({
        type: 'notice',
        severity: 'warns',
        message: `The profile of steps ${this.first} to ${this.last} could not be written: ${reason}`,
      });
    }
  }

  private async write({ spans, leftOut }: SpanRecorder, tellsOperations: boolean): Promise<void> {
    const numbers = spans.flatMap(({ category, step }) =>
      category === 'step' && step !== undefined ? [step] : [],
    );
    if (numbers.length === 0) return;
    const name = `${numbers[0]}-${numbers.at(-1)}`;
    const trace = `${name}.trace.json`;
    const { kind } = this.program;
    const summary = summarize(spans, {
      program: kind,
      tellsOperations,
      leftOut,
      trace,
      created: new Date().toISOString(),
    });
    const folder = join(this.plan.runDirectory, profileFolder);
    const about = { program: kind, firstStep: summary.firstStep, lastStep: summary.lastStep, leftOut };
    await writeFileAtomically(join(folder, trace), JSON.stringify(traceOf(spans, about)));
    await writeFileAtomically(join(folder, `${name}.json`), `${JSON.stringify(summary, undefined, 2)}\n`);
    this.emit({ type: 'profile', summary, path: join(folder, trace) });
  }
}

/**
 * Draws a step of a program that tells durations alone (a compiled one: waiting and computing happen within one call of
 * the session), in the order of their happening.
 */
function drawTimings(recorder: SpanRecorder, timings: StepTimings, begin: number, end: number): void {
  let at = begin;
  const draw = (category: 'waiting' | 'copy' | 'compute', name: string, milliseconds: number) => {
    const from = at;
    at = Math.min(end, at + Math.max(0, milliseconds));
    if (at > from) recorder.add(category, name, from, at);
  };
  const { waitMilliseconds, waitsInCall } = timings;
  const batchEnd = recorder.lastOnLoop('pipeline', begin);
  // The batch was put together while the program waited for it.
  draw(
    'waiting',
    'wait for data',
    waitsInCall ? waitMilliseconds : Math.max(waitMilliseconds, batchEnd - begin),
  );
  const called = waitsInCall ? begin : at;
  draw('copy', waitsInCall ? 'start and end of the call' : 'input copy', timings.copyMilliseconds);
  const computed = at;
  const { computeMilliseconds, forwardMilliseconds, updateMilliseconds } = timings;
  // A program may know the update's time alone: then the rest is one piece.
  if (forwardMilliseconds !== undefined) draw('compute', 'forward', forwardMilliseconds);
  else if (updateMilliseconds !== undefined)
    draw('compute', 'forward and backward', computeMilliseconds - updateMilliseconds);
  draw('compute', 'backward', timings.backwardMilliseconds ?? 0);
  draw('compute', 'update', updateMilliseconds ?? 0);
  at = Math.max(at, Math.min(end, computed + computeMilliseconds));
  if (at > computed) recorder.add('compute', 'compute', computed, at);
  if (at > called) recorder.add('call', 'session call', called, at);
  for (const { part, layer, begin: from, end: to } of timings.layers ?? [])
    if (computed + from < at)
      recorder.add('layer', layerSpanName(part, layer), computed + from, Math.min(at, computed + to));
}
