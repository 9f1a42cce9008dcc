import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { type ErrorMessage, toErrorMessage } from '../../src/contract/errors';
import type { HistogramQuery, HistogramSeries, SeriesListing } from '../../src/contract/series';
import { useStudio } from '../studio';
import { seriesHub } from './series-hub';

/** Calls `ask` now, when `when` changes and when a run grows, at most once in `every` milliseconds and one at a time. */
function followRuns(
  runs: () => readonly string[],
  ask: () => Promise<void>,
  every: number,
  wants: (newSeries: boolean) => boolean,
): () => void {
  const { client } = useStudio();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking = false;
  let again = false;
  let last = Number.NEGATIVE_INFINITY;
  const go = async () => {
    timer = null;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    last = performance.now();
    await ask();
    asking = false;
    if (again) {
      again = false;
      soon();
    }
  };
  const soon = () => {
    if (timer !== null) return;
    timer = setTimeout(go, Math.max(0, last + every - performance.now()));
  };
  const subscription = seriesHub(client).subscribe({
    runs,
    queries: () => [],
    receive: () => {},
    fail: () => {},
    grown: (_run, newSeries) => {
      if (wants(newSeries)) soon();
    },
  });
  onScopeDispose(() => {
    subscription.end();
    if (timer !== null) clearTimeout(timer);
  });
  return () => {
    subscription.ask();
    void go();
  };
}

/** The series that runs have, asked again when new ones appear. */
export function useSeriesListing(runs: () => readonly string[]): {
  listings: Ref<ReadonlyMap<string, SeriesListing[]>>;
  error: Ref<ErrorMessage | null>;
} {
  const { client } = useStudio();
  const listings = shallowRef<ReadonlyMap<string, SeriesListing[]>>(new Map());
  const error = ref<ErrorMessage | null>(null);
  const ask = async () => {
    try {
      const wanted = [...runs()];
      const answers = await Promise.all(wanted.map((run) => client.call('series.list', { run })));
      listings.value = new Map(wanted.map((run, index) => [run, answers[index]!]));
      error.value = null;
    } catch (failure) {
      error.value = toErrorMessage(failure);
    }
  };
  const refresh = followRuns(runs, ask, 500, (newSeries) => newSeries);
  watch(() => runs().join('\n'), refresh, { immediate: true });
  return { listings, error };
}

/** Histograms of a weight, asked again (at most once a second) while the run grows and the chart is in sight. */
export function useHistogramSeries(
  query: () => HistogramQuery | null,
  visible: () => boolean,
): { series: Ref<HistogramSeries | null>; error: Ref<ErrorMessage | null>; known: Ref<boolean> } {
  const { client } = useStudio();
  const series = shallowRef<HistogramSeries | null>(null);
  const error = ref<ErrorMessage | null>(null);
  const known = ref(false);
  const ask = async () => {
    const wanted = query();
    if (!wanted || !visible() || document.visibilityState === 'hidden') return;
    try {
      const [answer] = await client.call('series.histograms', { queries: [wanted] });
      const now = query();
      if (now?.run !== wanted.run || now.tag !== wanted.tag || now.split !== wanted.split) return;
      known.value = true;
      error.value = null;
      const before = series.value;
      if (
        before &&
        answer &&
        before.revision === answer.revision &&
        before.tag === answer.tag &&
        before.run === answer.run
      )
        return;
      series.value = answer ?? null;
    } catch (failure) {
      error.value = toErrorMessage(failure);
    }
  };
  const refresh = followRuns(
    () => {
      const wanted = query();
      return wanted ? [wanted.run] : [];
    },
    ask,
    1000,
    () => visible(),
  );
  watch(
    () => [query()?.run, query()?.split, query()?.tag, visible()] as const,
    ([run, split, tag], before) => {
      if (before && (run !== before[0] || split !== before[1] || tag !== before[2])) series.value = null;
      refresh();
    },
    { immediate: true },
  );
  return { series, error, known };
}
