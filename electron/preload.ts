import { exposeBridge } from '../src/channel/electron/preload-transport';

exposeBridge();
