import { type ComputedRef, computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../../src/contract/errors';
import type { RunListing, RunStatus } from '../../../src/contract/run';
import type { JobState } from '../../../src/contract/studio';
import { useJobsStore } from '../../stores/jobs';
import { type RunDetail, useRunsStore } from '../../stores/runs';

export interface RunView {
  detail: Ref<RunDetail | null>;
  error: Ref<ErrorMessage | null>;
  job: ComputedRef<JobState | undefined>;
  /** The job's status is newer than the library's. */
  status: ComputedRef<RunStatus | undefined>;
  isLive: ComputedRef<boolean>;
  /** The run to compare with: the one it was started from, else the last one before it on the same data. */
  previous: ComputedRef<RunListing | undefined>;
  refresh(): Promise<void>;
}

/** A run with its job, kept up to date. */
export function useRun(id: () => string): RunView {
  const runs = useRunsStore();
  const jobs = useJobsStore();
  const detail = shallowRef<RunDetail | null>(null);
  const error = ref<ErrorMessage | null>(null);
  const job = computed(() => jobs.byRun(id()));
  const status = computed(() => job.value?.status ?? detail.value?.status);
  const isLive = computed(
    () => status.value === 'running' || status.value === 'paused' || status.value === 'queued',
  );

  async function refresh() {
    const wanted = id();
    try {
      const answer = await runs.get(wanted);
      if (wanted !== id()) return;
      detail.value = answer;
      error.value = null;
    } catch (failure) {
      if (wanted === id()) error.value = toErrorMessage(failure);
    }
  }
  watch(
    id,
    () => {
      detail.value = null;
      error.value = null;
      void refresh();
    },
    { immediate: true },
  );
  const ended = runs.onChange((changed) => {
    if (changed.length === 0 || changed.includes(id())) void refresh();
  });
  onScopeDispose(ended);
  watch(status, () => void refresh());

  const previous = computed(() => {
    const own = detail.value;
    if (!own) return undefined;
    const parent = own.parent ? runs.byId(own.parent) : undefined;
    if (parent) return parent;
    let best: RunListing | undefined;
    for (const listing of runs.runs) {
      if (listing.id === own.id || listing.created >= own.created) continue;
      if (listing.datasetPath !== own.configuration.dataset.path || listing.task !== own.dataset.task)
        continue;
      if (listing.status !== 'done' && listing.status !== 'stopped') continue;
      if (!best || listing.created > best.created) best = listing;
    }
    return best;
  });

  return { detail, error, job, status, isLive, previous, refresh };
}
