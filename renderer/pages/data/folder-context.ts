import { type InjectionKey, inject, provide, type Ref, ref } from 'vue';
import type { ExampleListing } from '../../../src/contract/dataset';
import type { ThumbnailLoader } from './thumbnails';

/** What the pieces of the Data page share: one loader of thumbnails, and which picture is looked at or clicked on. */
export interface FolderContext {
  path: string;
  loader: ThumbnailLoader;
  /** The picture under the last right click. */
  target: Ref<ExampleListing | null>;
  look: (example: ExampleListing, among: readonly ExampleListing[]) => void;
}

const key: InjectionKey<FolderContext> = Symbol('folder');

export function provideFolder(context: Omit<FolderContext, 'target'>): FolderContext {
  const full = { ...context, target: ref(null) };
  provide(key, full);
  return full;
}

export function useFolder(): FolderContext {
  const context = inject(key);
  if (!context) throw new Error('Only within an open folder.');
  return context;
}
