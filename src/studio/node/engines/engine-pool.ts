import { DescentError, type ErrorMessage, toErrorMessage } from '../../../contract/errors';
import type { Environment } from '../../../contract/run';
import type { Logger } from '../logger';
import { EngineProcess } from './engine-process';

export type Warmth = boolean | 'once';

export interface EnginePoolOptions {
  entry: string;
  /** Keep one engine started and loaded, so that the next job begins at once; `once`: for the first job alone. */
  warm: Warmth;
  logger: Logger;
}

/** An engine that predicts and exports is kept this long after its last use. */
const serviceIdleMilliseconds = 5 * 60_000;
/** After an engine was taken, the next one waits: starting it would slow down the job that has just begun. */
const refillMilliseconds = 15_000;
const closePatienceMilliseconds = 5_000;
/** An idle engine that dies this often in a row is not started again until somebody needs one. */
const maximumIdleDeaths = 3;

/** Starts engines, keeps an idle one, replaces it when it dies. Jobs get a process of their own. */
export class EnginePool {
  private warmEngine: EngineProcess | undefined;
  private service: { engine: EngineProcess; users: number; timer: NodeJS.Timeout | undefined } | undefined;
  private readonly running = new Set<EngineProcess>();
  private refillTimer: NodeJS.Timeout | undefined;
  private idleDeaths = 0;
  private closed = false;
  private known: Environment | undefined;
  private failure: ErrorMessage | undefined;

  constructor(private readonly options: EnginePoolOptions) {
    if (options.warm) this.refill();
  }

  /** What is known without asking: the last engine's description, whether one is warm, why none could be started. */
  state(): { environment: Environment | undefined; warm: boolean; error: ErrorMessage | undefined } {
    return {
      environment: this.known,
      warm: this.warmEngine?.alive ?? false,
      error: this.failure,
    };
  }

  /** An engine for one job, started anew where it needs variables of its own; the taker closes it. */
  take(environment?: Record<string, string>): EngineProcess {
    if (environment && this.options.warm === true) return this.start(environment);
    const warm = this.warmEngine;
    this.warmEngine = undefined;
    this.refillLater();
    if (environment) {
      void warm?.close(0);
      return this.start(environment);
    }
    return warm?.alive ? warm : this.start();
  }

  /** Uses the engine for short questions (predicting, exporting, describing), which is shared and kept for some minutes. */
  async use<Result>(question: (engine: EngineProcess) => Promise<Result>): Promise<Result> {
    if (!this.service?.engine.alive) {
      this.service = { engine: this.start(), users: 0, timer: undefined };
    }
    const service = this.service;
    clearTimeout(service.timer);
    service.users++;
    try {
      return await service.engine.orDeath(question(service.engine));
    } finally {
      service.users--;
      if (service.users === 0) {
        service.timer = setTimeout(() => {
          if (this.service === service) this.service = undefined;
          void service.engine.close(closePatienceMilliseconds);
        }, serviceIdleMilliseconds);
        service.timer.unref();
      }
    }
  }

  /** Kind, version and threads of the engine; starts one when none has told yet. */
  async describe(): Promise<Environment> {
    if (this.known) return this.known;
    const warm = this.warmEngine;
    if (warm?.alive) return this.remember(warm.describe());
    return this.remember(this.use((engine) => engine.describe()));
  }

  /** Ends every engine that no job holds, and waits for all of them. Those of jobs are closed by their jobs. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.refillTimer);
    clearTimeout(this.service?.timer);
    // One that stands ready may still be loading TensorFlow, which nothing interrupts; it holds nothing yet.
    const patience = this.options.warm === 'once' ? 0 : closePatienceMilliseconds;
    await Promise.all([
      this.warmEngine?.close(patience),
      this.service?.engine.close(closePatienceMilliseconds),
    ]);
    await Promise.all([...this.running].map((engine) => engine.exited));
  }

  private start(environment?: Record<string, string>): EngineProcess {
    if (this.closed)
      throw new DescentError('cancelled', 'Descent is closing; no engine is started any more.');
    const engine = new EngineProcess(this.options.entry, this.options.logger, environment);
    this.running.add(engine);
    void engine.exited.then(() => this.running.delete(engine));
    return engine;
  }

  private refillLater(): void {
    if (this.options.warm !== true || this.closed) return;
    clearTimeout(this.refillTimer);
    this.refillTimer = setTimeout(() => this.refill(), refillMilliseconds);
    this.refillTimer.unref();
  }

  private refill(): void {
    if (this.closed || this.warmEngine?.alive) return;
    const engine = this.start();
    this.warmEngine = engine;
    this.remember(engine.describe()).then(
      () => {
        this.idleDeaths = 0;
      },
      (error: unknown) => this.options.logger.error(`An engine could not be started: ${String(error)}`),
    );
    void engine.exited.then((exit) => {
      if (this.warmEngine !== engine || this.closed) return;
      this.warmEngine = undefined;
      this.idleDeaths++;
      this.options.logger.warn(`The idle engine ended (${exit.signal ?? exit.code}).`);
      if (this.options.warm === true && this.idleDeaths < maximumIdleDeaths) this.refill();
    });
  }

  private async remember(description: Promise<Environment>): Promise<Environment> {
    try {
      this.known = await description;
      this.failure = undefined;
      return this.known;
    } catch (error) {
      if (!this.closed) this.failure = toErrorMessage(error);
      throw error;
    }
  }
}
