import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { JobState, StudioCalls } from '../../src/contract/studio';
import { useStudio } from '../studio';
import { useConnectionStore } from './connection';
import { follow } from './follow';

/** The queue: what runs, what waits, and the buttons for both. Fed by jobs.watch. */
export const useJobsStore = defineStore('jobs', () => {
  const { client } = useStudio();
  const connection = useConnectionStore();
  const jobs = shallowRef<JobState[]>([]);
  const known = ref(false);
  const endListeners = new Set<(job: JobState) => void>();

  const active = computed(() =>
    jobs.value.filter((job) => job.status === 'running' || job.status === 'paused'),
  );
  const queued = computed(() => jobs.value.filter((job) => job.status === 'queued'));
  /** The job that the status bar tells of: the first one running, else the first paused. */
  const current = computed<JobState | undefined>(
    () => active.value.find((job) => job.status === 'running') ?? active.value[0],
  );

  function take(next: JobState[]) {
    const ended = new Set<JobState>();
    const before = new Map(jobs.value.map((job) => [job.run, job]));
    for (const job of next) {
      const was = before.get(job.run);
      if (was && isActive(was) && !isActive(job)) ended.add(job);
    }
    jobs.value = next;
    known.value = true;
    for (const job of ended) for (const listener of endListeners) listener(job);
  }

  function watch() {
    void follow(
      () => client.listen('jobs.watch', {}),
      (event) => take(event.jobs),
      () => !connection.gone,
    );
  }

  function byRun(run: string): JobState | undefined {
    return jobs.value.find((job) => job.run === run);
  }

  const start = (params: StudioCalls['jobs.start']['params']) => client.call('jobs.start', params);
  const resume = (run: string) => client.call('jobs.resume', { run });
  const pause = (run: string) => client.call('jobs.pause', { run });
  const proceed = (run: string) => client.call('jobs.continue', { run });
  const stop = (run: string) => client.call('jobs.stop', { run });
  const move = (run: string, position: number) => client.call('jobs.move', { run, position });
  const setLearningRate = (run: string, learningRate: number) =>
    client.call('jobs.setLearningRate', { run, learningRate });

  /** Called with every job that was running or paused and no longer is. Returns how to end it. */
  function onEnd(listener: (job: JobState) => void): () => void {
    endListeners.add(listener);
    return () => endListeners.delete(listener);
  }

  return {
    jobs,
    known,
    active,
    queued,
    current,
    watch,
    byRun,
    start,
    resume,
    pause,
    proceed,
    stop,
    move,
    setLearningRate,
    onEnd,
  };
});

function isActive(job: JobState): boolean {
  return job.status === 'running' || job.status === 'paused';
}
