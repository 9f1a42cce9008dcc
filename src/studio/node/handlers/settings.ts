import { homedir } from 'node:os';
import { RunLibrary } from '../../../record/node/run-library';
import type { StudioContext } from '../context';
import { folderPath } from '../data/dataset-cache';
import type { CallHandlers } from '../dispatch';
import { examine } from '../doctor';

type SettingsCalls = Pick<
  CallHandlers,
  'studio.status' | 'studio.doctor' | 'studio.settings' | 'studio.changeSettings' | 'studio.quit'
>;

export function settingsHandlers(context: StudioContext): SettingsCalls {
  const { settings, engines, jobs } = context;
  return {
    'studio.status': async () => {
      const library = await context.library();
      const states = jobs.list();
      const live = states.flatMap((job) =>
        job.progress && (job.status === 'running' || job.status === 'paused') ? [job.progress] : [],
      );
      const { environment, warm, error } = engines.state();
      return {
        engine: environment ? { ...environment, warm } : null,
        engineError: error,
        queued: states.filter((job) => job.status === 'queued').length,
        running: states.filter((job) => job.status === 'running' || job.status === 'paused').length,
        studioRssBytes: process.memoryUsage.rss(),
        engineRssBytes: live.reduce((sum, progress) => sum + progress.rssBytes, 0),
        home: homedir(),
        tensors: live.reduce((sum, progress) => sum + progress.tensors, 0),
        library: { path: library.directory, runs: (await library.list()).length },
      };
    },
    'studio.doctor': () => examine(context),
    'studio.settings': () => settings.read(),
    'studio.changeSettings': async (changes) => {
      // Before it is written down: a library that can't be opened would be there at every start.
      if (changes.library !== undefined) await RunLibrary.open(folderPath(changes.library));
      const changed = await settings.change(changes);
      if (changes.library !== undefined) context.runNews.tell();
      void jobs.pump();
      return changed;
    },
    'studio.quit': async ({ jobs: how }) => {
      await context.quit(how);
      return {};
    },
  };
}
