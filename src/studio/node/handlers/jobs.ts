import { EventQueue } from '../../../channel/common/event-queue';
import type { JobState } from '../../../contract/studio';
import { assertTrainable } from '../../../dataset/node/open';
import { Coalescer } from '../coalesce';
import type { StudioContext } from '../context';
import type { CallHandlers, StreamHandlers } from '../dispatch';

type JobCalls = Pick<
  CallHandlers,
  | 'jobs.start'
  | 'jobs.resume'
  | 'jobs.list'
  | 'jobs.pause'
  | 'jobs.continue'
  | 'jobs.stop'
  | 'jobs.move'
  | 'jobs.setLearningRate'
>;

const watchMilliseconds = 100;

export function jobHandlers(context: StudioContext): JobCalls {
  const { jobs, datasets } = context;
  return {
    'jobs.start': async ({ path, options, hyperparameters, name, parent, comparison }, signal) => {
      const { summary } = await datasets.withOptions(path, options, signal);
      assertTrainable(summary);
      const job = { summary, options: summary.options, hyperparameters, name, parent, comparison };
      return { run: await jobs.start(await context.library(), job) };
    },
    'jobs.resume': async ({ run }) => ({ run: await jobs.resume(await context.library(), run) }),
    'jobs.list': async () => jobs.list(),
    'jobs.pause': async ({ run }) => {
      await jobs.get(run).pause();
      return {};
    },
    'jobs.continue': async ({ run }) => {
      await jobs.get(run).continue();
      return {};
    },
    'jobs.stop': async ({ run }) => {
      await jobs.stop(run);
      return {};
    },
    'jobs.move': async ({ run, position }) => {
      jobs.move(run, position);
      return {};
    },
    'jobs.setLearningRate': ({ run, learningRate }) => jobs.get(run).setLearningRate(learningRate),
  };
}

export function jobStreams({ jobs }: StudioContext): Pick<StreamHandlers, 'jobs.watch'> {
  return {
    'jobs.watch': async function* (_params, signal) {
      const queue = new EventQueue<{ jobs: JobState[] }>(signal);
      const coalescer = new Coalescer(watchMilliseconds, () => queue.push({ jobs: jobs.list() }));
      const leave = jobs.news.subscribe(({ frame }) => {
        if (!frame) coalescer.trigger();
      });
      coalescer.trigger();
      try {
        yield* queue;
      } finally {
        leave();
        coalescer.dispose();
      }
    },
  };
}
