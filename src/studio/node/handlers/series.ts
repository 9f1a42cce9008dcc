import type { StudioContext } from '../context';
import type { CallHandlers, StreamHandlers } from '../dispatch';
import { watchSeries } from '../runs/series-watch';

type SeriesCalls = Pick<CallHandlers, 'series.list' | 'series.scalars' | 'series.histograms'>;

export function seriesHandlers(context: StudioContext): SeriesCalls {
  const { series, library } = context;
  const register = async (ids: Iterable<string>): Promise<void> => {
    const runs = await library();
    for (const id of new Set(ids)) series.register(id, runs.directoryOf(id));
  };
  return {
    'series.list': async ({ run }) => {
      await register([run]);
      return series.list(run);
    },
    'series.scalars': async ({ queries }) => {
      await register(queries.map((query) => query.run));
      return Promise.all(queries.map((query) => series.queryScalars(query)));
    },
    'series.histograms': async ({ queries }) => {
      await register(queries.map((query) => query.run));
      return Promise.all(queries.map((query) => series.queryHistograms(query)));
    },
  };
}

export function seriesStreams(context: StudioContext): Pick<StreamHandlers, 'series.watch'> {
  return {
    'series.watch': ({ runs }, signal) => watchSeries(context, runs, signal),
  };
}
