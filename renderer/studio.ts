import { type InjectionKey, inject } from 'vue';
import type { StudioConnection } from './transport';

export type { Connection, ConnectionState, Host, StudioClient, StudioConnection } from './transport';

export const studioKey: InjectionKey<StudioConnection> = Symbol('studio');

/** The client of the studio and the host around the page; in components and in stores' set-up. */
export function useStudio(): StudioConnection {
  const studio = inject(studioKey);
  if (!studio) throw new Error('The page has no studio: createStudioApp provides it.');
  return studio;
}
