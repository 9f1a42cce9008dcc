import { type ChannelClient, connectClient, serveChannel } from '../../channel/common/channel';
import { transportPair } from '../../channel/common/transport';
import type { StudioCalls, StudioStreams } from '../../contract/studio';
import type { Studio } from './create-studio';

export type StudioClient = ChannelClient<StudioCalls, StudioStreams>;

/** A typed client of a studio in the same process, over the same encoding that every other client uses. */
export function connectStudio(studio: Studio): StudioClient {
  const [here, there] = transportPair();
  serveChannel(there, studio.handlers);
  return connectClient<StudioCalls, StudioStreams>(here);
}
