import { useSessionStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { DatasetOptions, DatasetSummary, Finding, ScanProgress } from '../../src/contract/dataset';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { Hyperparameters, PresetName } from '../../src/contract/hyperparameters';
import type { Proposal, RecentFolder } from '../../src/contract/studio';
import { useStudio } from '../studio';

export type SampleName = 'digits' | 'iris' | 'mails';
export type DatasetPhase = 'none' | 'sampling' | 'scanning' | 'ready' | 'failed';

export interface CountedProgress {
  stage: ScanProgress['stage'] | 'sampling';
  done: number;
  total: number;
  remainingSeconds?: number;
}

/** The open folder: its scan, its summary, what the person changed about it (with undo), and the proposal for it. */
export const useDatasetStore = defineStore('dataset', () => {
  const { client } = useStudio();
  const phase = ref<DatasetPhase>('none');
  const path = ref<string | null>(null);
  const progress = ref<CountedProgress | null>(null);
  const summary = shallowRef<DatasetSummary | null>(null);
  const error = ref<ErrorMessage | null>(null);
  const proposal = shallowRef<Proposal | null>(null);
  const proposalError = ref<ErrorMessage | null>(null);
  const recent = shallowRef<RecentFolder[]>([]);
  const recentKnown = ref(false);
  /** While options are being applied to an open folder (a scan with a cache behind it): the page stays as it is. */
  const applying = ref(false);
  /** Grows with every new summary; lists of examples and pictures belong to one revision. */
  const revision = ref(0);
  const undoStack = shallowRef<DatasetOptions[]>([]);
  /** The folder that was open, for a page that is loaded again. */
  const lastOpen = useSessionStorage<string | null>('descent.folder', null);
  let scan: AbortController | null = null;

  const name = computed(
    () => summary.value?.name ?? path.value?.split(/[/\\]/).filter(Boolean).at(-1) ?? null,
  );
  const canUndo = computed(() => undoStack.value.length > 0 && !applying.value);
  const blocking = computed<Finding[]>(
    () =>
      summary.value?.findings.filter(
        (finding) => finding.severity === 'blocks' && !summary.value?.options.kept.includes(finding.id),
      ) ?? [],
  );

  async function loadRecent() {
    try {
      recent.value = await client.call('data.recent', {});
    } catch (failure) {
      error.value = toErrorMessage(failure);
    } finally {
      recentKnown.value = true;
    }
  }

  async function forget(folder: string) {
    recent.value = await client.call('data.forget', { path: folder });
  }

  async function runScan(
    folder: string,
    options?: DatasetOptions,
    fresh = false,
  ): Promise<DatasetSummary | null> {
    scan?.abort();
    const controller = new AbortController();
    scan = controller;
    const events = client.listen(
      'data.open',
      { path: folder, options, fresh },
      { signal: controller.signal },
    );
    for await (const event of events) {
      if (controller.signal.aborted) return null;
      if (event.type === 'summary') return event.summary;
      progress.value = event;
    }
    return null;
  }

  /** Opens a folder (or a CSV file): scans it, or takes the cached scan. */
  async function open(folder: string, fresh = false) {
    path.value = folder;
    if (summary.value?.path !== folder) {
      summary.value = null;
      proposal.value = null;
    }
    phase.value = 'scanning';
    progress.value = null;
    error.value = null;
    undoStack.value = [];
    try {
      const result = await runScan(folder, undefined, fresh);
      if (!result || path.value !== folder) return;
      take(result);
      phase.value = 'ready';
      void loadRecent();
    } catch (failure) {
      if (path.value !== folder) return;
      const message = toErrorMessage(failure);
      if (message.code === 'cancelled') return;
      error.value = message;
      phase.value = 'failed';
    }
  }

  function take(result: DatasetSummary) {
    summary.value = result;
    path.value = result.path;
    lastOpen.value = result.path;
    revision.value++;
    void propose();
  }

  async function propose() {
    if (!path.value) return;
    const folder = path.value;
    try {
      const answer = await client.call('data.proposal', { path: folder });
      if (path.value !== folder) return;
      proposal.value = answer;
      proposalError.value = null;
    } catch (failure) {
      proposal.value = null;
      proposalError.value = toErrorMessage(failure);
    }
  }

  /** The settings that suit a model on the data of a folder that is open. */
  async function proposalFor(folder: string, model: PresetName): Promise<Hyperparameters> {
    return (await client.call('data.proposal', { path: folder, model })).hyperparameters;
  }

  /** Ends a scan; the last folder that was read (if it is this one) stays open. */
  function cancel() {
    scan?.abort();
    scan = null;
    progress.value = null;
    if (summary.value && summary.value.path === path.value) phase.value = 'ready';
    else close();
  }

  /** After the page was loaded again: the folder that was open, from its cached scan. */
  function restore() {
    if (lastOpen.value && phase.value === 'none') void open(lastOpen.value);
  }

  function close() {
    lastOpen.value = null;
    scan?.abort();
    scan = null;
    path.value = null;
    summary.value = null;
    proposal.value = null;
    progress.value = null;
    error.value = null;
    undoStack.value = [];
    phase.value = 'none';
    void loadRecent();
  }

  async function apply(options: DatasetOptions): Promise<boolean> {
    if (!path.value) return false;
    applying.value = true;
    try {
      const kept = await client.call('data.setOptions', { path: path.value, options });
      const result = await runScan(path.value, kept.options);
      if (result) take(result);
      return result !== null;
    } catch (failure) {
      const message = toErrorMessage(failure);
      if (message.code !== 'cancelled') error.value = message;
      return false;
    } finally {
      applying.value = false;
      progress.value = null;
    }
  }

  /** Changes how the folder is read; `undo` takes it back. */
  async function change(changes: Partial<DatasetOptions>) {
    const before = summary.value?.options;
    if (!before) return;
    if (await apply({ ...before, ...changes })) undoStack.value = [...undoStack.value, before];
  }

  async function undo() {
    const previous = undoStack.value.at(-1);
    if (!previous || applying.value) return;
    undoStack.value = undoStack.value.slice(0, -1);
    await apply(previous);
  }

  async function exclude(files: readonly string[]) {
    const excluded = summary.value?.options.excluded ?? [];
    await change({ excluded: [...new Set([...excluded, ...files])] });
  }

  async function keep(finding: Finding) {
    const kept = summary.value?.options.kept ?? [];
    await change({ kept: [...new Set([...kept, finding.id])] });
  }

  /** Writes a sample as an ordinary folder and opens it. */
  async function sample(sampleName: SampleName) {
    path.value = null;
    summary.value = null;
    phase.value = 'sampling';
    error.value = null;
    progress.value = { stage: 'sampling', done: 0, total: 0 };
    scan?.abort();
    const controller = new AbortController();
    scan = controller;
    try {
      let written: string | null = null;
      for await (const event of client.listen(
        'data.sample',
        { name: sampleName },
        { signal: controller.signal },
      )) {
        if (event.type === 'done') written = event.path;
        else progress.value = { stage: 'sampling', done: event.done, total: event.total };
      }
      if (written) await open(written);
    } catch (failure) {
      const message = toErrorMessage(failure);
      if (message.code === 'cancelled') return;
      // The sample's own folder is there already, from an earlier time.
      if (message.code === 'bad-input' && message.subject) {
        await open(message.subject);
        return;
      }
      error.value = message;
      phase.value = 'failed';
    }
  }

  return {
    phase,
    path,
    name,
    progress,
    summary,
    error,
    proposal,
    proposalFor,
    proposalError,
    recent,
    recentKnown,
    applying,
    revision,
    canUndo,
    blocking,
    loadRecent,
    forget,
    open,
    restore,
    cancel,
    close,
    change,
    undo,
    exclude,
    keep,
    sample,
  };
});
