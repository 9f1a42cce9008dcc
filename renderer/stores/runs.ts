import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { RunListing } from '../../src/contract/run';
import type { StudioCalls } from '../../src/contract/studio';
import { useStudio } from '../studio';
import { useConnectionStore } from './connection';
import { follow } from './follow';

export type RunDetail = StudioCalls['runs.get']['result'];

/** The library's list, kept up to date by runs.watch, and the calls that change runs. */
export const useRunsStore = defineStore('runs', () => {
  const { client } = useStudio();
  const connection = useConnectionStore();
  const runs = shallowRef<RunListing[]>([]);
  const search = ref('');
  const archived = ref(false);
  const known = ref(false);
  const error = ref<ErrorMessage | null>(null);
  const changeListeners = new Set<(runs: readonly string[]) => void>();
  let asked = 0;

  async function refresh() {
    const turn = ++asked;
    try {
      const answer = await client.call('runs.list', { search: search.value, archived: archived.value });
      if (turn !== asked) return;
      runs.value = answer;
      known.value = true;
      error.value = null;
    } catch (failure) {
      if (turn === asked) error.value = toErrorMessage(failure);
    }
  }

  function watch() {
    void follow(
      () => client.listen('runs.watch', {}),
      (event) => {
        void refresh();
        for (const listener of changeListeners) listener(event.runs);
      },
      () => !connection.gone,
    );
  }

  /** Called with the ids that changed; an empty list means that any may have. Returns how to end it. */
  function onChange(listener: (runs: readonly string[]) => void): () => void {
    changeListeners.add(listener);
    return () => changeListeners.delete(listener);
  }

  function byId(run: string): RunListing | undefined {
    return runs.value.find((listing) => listing.id === run);
  }

  const get = (run: string): Promise<RunDetail> => client.call('runs.get', { run });
  const update = async (params: StudioCalls['runs.update']['params']) => {
    const updated = await client.call('runs.update', params);
    await refresh();
    return updated;
  };
  const remove = async (run: string) => {
    await client.call('runs.delete', { run });
    await refresh();
  };

  return { runs, search, archived, known, error, refresh, watch, onChange, byId, get, update, remove };
});
