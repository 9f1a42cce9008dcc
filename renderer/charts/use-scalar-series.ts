import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import type { ErrorMessage } from '../../src/contract/errors';
import type { ScalarQuery, ScalarSeries } from '../../src/contract/series';
import { useStudio } from '../studio';
import { seriesHub } from './series-hub';

export interface ScalarSeriesAnswer {
  /** One for each query; undefined where the run has no such series (yet). */
  series: Ref<readonly (ScalarSeries | undefined)[]>;
  error: Ref<ErrorMessage | null>;
  /** True once the studio has answered. */
  known: Ref<boolean>;
  /** Asks again, after a failure. */
  ask(): void;
}

/**
 * Series by query, kept up to date while `visible`: asked again when the queries change and whenever one of their runs
 * grows, at most eight times a second.
 */
export function useScalarSeries(
  queries: () => readonly ScalarQuery[],
  visible: () => boolean = () => true,
): ScalarSeriesAnswer {
  const { client } = useStudio();
  const series = shallowRef<readonly (ScalarSeries | undefined)[]>([]);
  const error = ref<ErrorMessage | null>(null);
  const known = ref(false);
  let runs: string[] = [];
  let asked: readonly ScalarQuery[] = [];
  let answered: readonly ScalarQuery[] = [];

  const subscription = seriesHub(client).subscribe({
    runs: () => runs,
    queries: () => {
      if (!visible()) return [];
      asked = queries();
      return asked;
    },
    receive: (answer) => {
      // An answer to queries that have changed since would mix up the lines.
      if (asked.length !== answer.length) return;
      error.value = null;
      known.value = true;
      if (asked === answered && same(series.value, answer)) return;
      answered = asked;
      series.value = answer;
    },
    fail: (failure) => {
      error.value = failure;
    },
  });

  watch(
    [queries, visible],
    ([next]) => {
      runs = [...new Set(next.map((query) => query.run))];
      subscription.ask();
    },
    { immediate: true },
  );
  onScopeDispose(() => subscription.end());
  return { series, error, known, ask: () => subscription.ask() };
}

function same(
  before: readonly (ScalarSeries | undefined)[],
  after: readonly (ScalarSeries | undefined)[],
): boolean {
  return (
    before.length === after.length &&
    before.every((series, index) => {
      const other = after[index];
      return (
        series?.revision === other?.revision &&
        series?.run === other?.run &&
        series?.tag === other?.tag &&
        series?.split === other?.split &&
        series?.steps.length === other?.steps.length
      );
    })
  );
}
