import { createSharedComposable } from '@vueuse/core';
import { ref } from 'vue';
import { useRouter } from 'vue-router';
import { useDatasetStore } from '../stores/dataset';
import { useStudio } from '../studio';

/** Opening a folder, the same from every place: native dialog in Electron, the studio's listing in a browser. */
export const useOpenFolder = createSharedComposable(() => {
  const { host } = useStudio();
  const dataset = useDatasetStore();
  const router = useRouter();
  const choosing = ref(false);
  /** Why the chooser opened, when that needs a word (a drop in a browser). */
  const note = ref<string | undefined>();

  function openPath(path: string) {
    void router.push('/data');
    void dataset.open(path);
  }

  async function askForFolder(why?: string) {
    note.value = why;
    if (host.kind === 'web') {
      choosing.value = true;
      return;
    }
    const path = await host.chooseFolder();
    if (path) openPath(path);
  }

  return { choosing, note, openPath, askForFolder };
});
