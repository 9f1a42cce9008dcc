import { EventQueue } from '../channel/common/event-queue';
import type { JobFrame } from '../contract/frames';
import type { Run } from '../contract/run';
import { exitStatus } from './exit-status';
import type { Output } from './output';
import type { Session } from './session';
import { TrainingView } from './training-view';

/**
 * Starts a job by `start`, which gives its run's id, and follows it to its end: a JSON line an event, and the view for
 * people. Ctrl-C lets the engine write a checkpoint and leaves the run interrupted. The answer is the exit status.
 */
export async function followJob(session: Session, start: () => Promise<string>): Promise<number> {
  const { run, view, wrongUse } = await followRun(session, start);
  const status = tellEnd(session.output, view, run);
  return wrongUse && status === exitStatus.failed ? exitStatus.wrongUse : status;
}

/** The same, but the end is left to the caller to tell; `wrongUse`: the run failed by what it was told to do. */
export async function followRun(
  session: Session,
  start: () => Promise<string>,
): Promise<{ run: Run & { path: string }; view: TrainingView; wrongUse: boolean }> {
  const { studio, output, interruption } = session;
  const news = new EventQueue<{ run: string; frame: JobFrame | undefined }>(interruption);
  // Before the start: no frame may be missed.
  const leave = studio.onJobFrame((run, frame) => news.push({ run, frame }));
  const view = new TrainingView(output);
  let wrongUse = false;
  try {
    const id = await start();
    const { name, path } = await studio.readRun(id);
    output.emit({ type: 'run', run: id, name, path });
    for await (const { run, frame } of news) {
      if (run !== id) continue;
      if (!frame) break;
      if (output.json) emitEvent(output, frame);
      view.show(frame);
      // What only the built model can tell: it has no layer of a name, for example.
      if (frame.type === 'failed') wrongUse = frame.error.code === 'wrong-use';
    }
    view.clear();
    if (interruption.aborted) {
      output.say('Interrupted: a checkpoint is being written. Ctrl-C again ends at once.');
      await studio.close({ jobs: 'interrupt' });
    }
    return { run: await studio.readRun(id), view, wrongUse };
  } finally {
    leave();
    view.clear();
  }
}

function emitEvent(output: Output, frame: JobFrame): void {
  switch (frame.type) {
    case 'started':
      if (frame.program) output.emit({ type: 'program', ...frame.program });
      break;
    case 'epoch':
      output.emit({
        type: 'epoch',
        epoch: frame.epoch,
        step: frame.step,
        seconds: frame.seconds,
        ...frame.metrics,
      });
      break;
    case 'phase':
      output.emit({
        type: 'phase',
        name: frame.name,
        step: frame.step,
        epoch: frame.epoch,
        learningRate: frame.learningRate,
        trainedParameters: frame.trainedParameters,
        program: frame.program,
      });
      break;
    case 'profile':
      output.emit({ type: 'profile', path: frame.path, summary: frame.summary });
      break;
    case 'evaluation': {
      const { split, task, count, metrics, labels, confusion, classes } = frame.evaluation;
      output.emit({ type: 'evaluation', split, task, count, metrics, labels, confusion, classes });
      break;
    }
    default:
      break;
  }
}

/** The last words about a run, and the exit status that it means. */
export function tellEnd(output: Output, view: TrainingView, run: Run & { path: string }): number {
  const { id, path, status, summary, failure, progress } = run;
  switch (status) {
    case 'done':
    case 'stopped':
      view.finish(run);
      output.emit({ type: 'done', run: id, path, status, summary });
      return exitStatus.done;
    case 'failed':
      output.emit({ type: 'failed', run: id, path, error: failure });
      output.say(`descent: ${failure?.message ?? 'The run failed.'}`);
      if (failure?.remedy) output.say(`  ${failure.remedy}`);
      output.say(`What was recorded is in ${path}`);
      return exitStatus.failed;
    default:
      output.emit({ type: 'interrupted', run: id, path, step: progress.step });
      output.say(`${run.name} is ${status} at step ${progress.step}. Go on with: descent resume ${id}`);
      return exitStatus.interrupted;
  }
}
