import type { JobFrame, LiveProgress } from '../contract/frames';
import type { Run, RunPhase } from '../contract/run';
import { formatDuration, formatNumber, plural } from './format';
import type { Output } from './output';
import { ProgressLine } from './progress-line';
import { sparkline } from './sparkline';
import { textTable } from './text-table';

const programWords = {
  graph: 'one TensorFlow graph',
  xla: 'one TensorFlow graph compiled by XLA',
  eager: 'operation by operation',
} as const;

/** How many parameters are trained, and of how many when a part is frozen. */
function parametersText({ parameters, layers }: Extract<JobFrame, { type: 'started' }>): string {
  const trained = layers
    .filter(({ trainable }) => trainable)
    .reduce((sum, layer) => sum + layer.parameters, 0);
  const all = plural(parameters, 'parameter');
  return trained < parameters ? `${trained.toLocaleString('en-US')} of ${all}` : all;
}

/** Losses behind the sparkline. */
const keptLosses = 2000;

/** Shows a training job to a person: a bar with a sparkline on a terminal, a line an epoch, a table at the end. */
export class TrainingView {
  private readonly line = new ProgressLine();
  private readonly losses: number[] = [];

  constructor(private readonly output: Output) {}

  show(frame: JobFrame): void {
    switch (frame.type) {
      case 'started':
        this.say(
          `Training ${parametersText(frame)} on ${plural(frame.dataset.train, 'example')}, ` +
            `${plural(frame.epochs, 'epoch')} of ${plural(frame.stepsPerEpoch, 'step')}, engine ` +
            `${frame.environment.engine} ${frame.environment.engineVersion} (${plural(frame.environment.threads, 'thread')})` +
            `${frame.step > 0 ? `, from step ${frame.step.toLocaleString('en-US')}` : ''}`,
        );
        if (frame.program) this.say(`Steps: ${programWords[frame.program.compile]}, ${frame.program.reason}`);
        break;
      case 'preparing':
        this.line.update(frame.stage, frame.done, frame.total);
        break;
      case 'scalars':
        for (const { tag, values } of frame.columns) if (tag === 'batch_loss') this.losses.push(...values);
        this.losses.splice(0, this.losses.length - keptLosses);
        break;
      case 'progress':
        this.showProgress(frame.progress);
        break;
      case 'epoch':
        this.say(
          `Epoch ${frame.epoch}: ${metricsText(frame.metrics)}  ${sparkline(this.losses)}  ${formatDuration(frame.seconds)}`,
        );
        break;
      case 'phase':
        if (frame.step > 0) this.showPhase(frame);
        break;
      case 'skipped':
        for (const { file, reason } of frame.files.slice(0, 20)) this.say(`Skipped ${file}: ${reason}`);
        if (frame.files.length > 20)
          this.say(`Skipped ${frame.files.length - 20} more (run.json names all).`);
        break;
      case 'notice':
        this.say(frame.message);
        break;
      case 'profile':
        this.say(`Profile of steps ${frame.summary.firstStep} to ${frame.summary.lastStep}: ${frame.path}`);
        this.say(frame.summary.message);
        break;
      default:
        break;
    }
  }

  /** The last words about a run that was trained to its end. */
  finish(run: Run & { path: string }): void {
    this.line.clear();
    if (Object.keys(run.summary).length > 0) {
      const rows = Object.entries(run.summary).map(([name, value]) => [name, formatNumber(value)]);
      this.output.say(textTable([{ title: 'metric' }, { title: 'value', align: 'right' }], rows));
    }
    this.output.say(`${run.name} is ${run.status}; it is in ${run.path}`);
  }

  clear(): void {
    this.line.clear();
  }

  private say(text: string): void {
    this.line.clear();
    this.output.say(text);
  }

  private showPhase({ name, step, epoch, learningRate, trainedParameters, program }: RunPhase): void {
    const facts = [
      ...(trainedParameters === undefined ? [] : [`${plural(trainedParameters, 'parameter')} trained`]),
      ...(learningRate === undefined ? [] : [`learning rate ${learningRate}`]),
    ];
    const title = `${name[0]!.toUpperCase()}${name.slice(1)} from epoch ${epoch + 1} (step ${step + 1})`;
    this.say([title, facts.join(', ')].filter((text) => text !== '').join(': '));
    if (program) this.say(`Steps: ${programWords[program.compile]}, ${program.reason}`);
  }

  private showProgress(progress: LiveProgress): void {
    const { epoch, epochs, step, totalSteps, metrics } = progress;
    const note = [
      ...(metrics.loss === undefined ? [] : [`loss ${formatNumber(metrics.loss)}`]),
      sparkline(this.losses),
      `${formatNumber(Math.round(progress.examplesPerSecond))} examples/s`,
      `${formatDuration(progress.etaSeconds)} left`,
    ].join('  ');
    // `epoch` counts those that have ended.
    this.line.update(`Epoch ${Math.min(epoch + 1, epochs)}/${epochs}`, step, totalSteps, note);
  }
}

function metricsText(metrics: Record<string, number>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join('  ');
}
