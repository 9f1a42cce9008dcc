import { join } from 'node:path';
import { type StudioSettings, studioSettings } from '../../contract/studio';
import { JsonStore } from './json-store';
import type { Logger } from './logger';

const stored = studioSettings.partial({ library: true });

/** The user's settings, in `settings.json` of the configuration folder. */
export class SettingsStore {
  private readonly store: JsonStore<typeof stored>;

  constructor(
    configDirectory: string,
    /** The library in use; `fixed` when it was named for this session, and then it is never written down. */
    private readonly library: { path: string; fixed: boolean },
    logger: Logger,
  ) {
    this.store = new JsonStore(join(configDirectory, 'settings.json'), stored, stored.parse({}), logger);
  }

  async read(): Promise<StudioSettings> {
    return this.complete(await this.store.read());
  }

  async change(changes: Partial<StudioSettings>): Promise<StudioSettings> {
    const { library, ...others } = changes;
    const kept = library === undefined || this.library.fixed ? others : changes;
    return this.complete(await this.store.update((settings) => ({ ...settings, ...kept })));
  }

  private complete(settings: Partial<StudioSettings>): StudioSettings {
    const library = this.library.fixed ? this.library.path : (settings.library ?? this.library.path);
    return studioSettings.parse({ ...settings, library });
  }
}
