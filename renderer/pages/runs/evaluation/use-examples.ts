import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../../../src/contract/errors';
import { useStudio } from '../../../studio';

/** Object URLs of the pictures of files, asked in one call for what is new; revoked with the component. */
export function useThumbnails(
  path: () => string,
  files: () => readonly string[],
  size = 128,
): { urls: Ref<ReadonlyMap<string, string | null>>; error: Ref<ErrorMessage | null> } {
  const { client } = useStudio();
  const urls = shallowRef<ReadonlyMap<string, string | null>>(new Map());
  const error = ref<ErrorMessage | null>(null);
  const asked = new Set<string>();

  function clear() {
    for (const url of urls.value.values()) if (url) URL.revokeObjectURL(url);
    urls.value = new Map();
    asked.clear();
  }
  watch(path, clear);
  watch(
    () => [path(), files()] as const,
    async ([folder, wanted]) => {
      const missing = wanted.filter((file) => !asked.has(file)).slice(0, 200);
      if (missing.length === 0) return;
      for (const file of missing) asked.add(file);
      try {
        const { thumbnails } = await client.call('data.thumbnails', { path: folder, files: missing, size });
        if (folder !== path()) return;
        const next = new Map(urls.value);
        for (const { file, mime, bytes } of thumbnails)
          next.set(
            file,
            bytes ? URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mime })) : null,
          );
        urls.value = next;
        error.value = null;
      } catch (failure) {
        error.value = toErrorMessage(failure);
      }
    },
    { immediate: true },
  );
  onScopeDispose(clear);
  return { urls, error };
}
