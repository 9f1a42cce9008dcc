import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { StudioStatus } from '../../src/contract/studio';
import { type ConnectionState, useStudio } from '../studio';

const pollMilliseconds = 2000;

/** Whether the studio answers, and what it says of itself: engine, queue, memory. */
export const useConnectionStore = defineStore('connection', () => {
  const { client, host, connection } = useStudio();
  const state = ref<ConnectionState>(connection.state);
  /** Final: the studio will not come back to this page. */
  const gone = computed(() => state.value === 'gone');
  const status = ref<StudioStatus | null>(null);
  const isWeb = host.kind === 'web';
  let asking = false;

  async function refresh() {
    if (asking || state.value !== 'connected') return;
    asking = true;
    try {
      status.value = await client.call('studio.status', {});
    } catch {
      // A lost connection is told by its state; a single failed answer is asked again at the next turn.
    } finally {
      asking = false;
    }
  }

  function watch() {
    connection.subscribe((next) => {
      state.value = next;
      void refresh();
    });
    state.value = connection.state;
    void refresh();
    setInterval(() => {
      if (document.visibilityState === 'visible') void refresh();
    }, pollMilliseconds);
  }

  /** A path as people write it: from `~` on where it lies in their home. */
  function shortPath(path: string): string {
    const home = status.value?.home;
    if (!home || !path.startsWith(home)) return path;
    const rest = path.slice(home.length);
    return rest === '' || /^[\\/]/.test(rest) ? `~${rest}` : path;
  }

  return { shortPath, state, gone, status, isWeb, refresh, watch };
});
