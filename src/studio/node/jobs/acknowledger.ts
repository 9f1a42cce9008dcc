import type { RunRecorder } from '../../../record/node/run-recorder';
import type { EngineProcess } from '../engines/engine-process';
import type { Logger } from '../logger';

const acknowledgeMilliseconds = 500;

/** Tells an engine, twice a second, which frames are in the run's files, so that it need not keep them. */
export class Acknowledger {
  private readonly timer: NodeJS.Timeout;
  private acknowledged = 0;
  private pending: Promise<void> | undefined;

  constructor(
    private readonly engine: EngineProcess,
    private readonly recorder: RunRecorder,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => {
      this.pending ??= this.acknowledge().finally(() => {
        this.pending = undefined;
      });
    }, acknowledgeMilliseconds);
  }

  /** The last acknowledgement. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.pending;
    await this.acknowledge();
  }

  private async acknowledge(): Promise<void> {
    try {
      const sequence = await this.recorder.flush();
      if (sequence <= this.acknowledged || !this.engine.connected) return;
      this.acknowledged = sequence;
      await this.engine.client.call('job.acknowledge', { sequence });
    } catch (error) {
      // What could not be written stays in the recorder's memory and with the engine; the next turn tries again.
      if (this.engine.connected)
        this.logger.error(`Frames could not be acknowledged: ${(error as Error).message}`);
    }
  }
}
