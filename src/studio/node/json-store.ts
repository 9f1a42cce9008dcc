import { readFile, rename } from 'node:fs/promises';
import type { z } from 'zod';
import { DescentError } from '../../contract/errors';
import { writeFileAtomically } from '../../files/node/atomic';
import { withLock } from '../../files/node/lock';
import type { Logger } from './logger';

/** A small JSON file of this user that several processes read and change. */
export class JsonStore<Schema extends z.ZodType> {
  constructor(
    private readonly path: string,
    private readonly schema: Schema,
    private readonly initial: z.output<Schema>,
    private readonly logger: Logger,
  ) {}

  /** The stored value, or the initial one when there is no file. A file that can't be understood is kept as `<path>.broken`. */
  async read(): Promise<z.output<Schema>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return structuredClone(this.initial);
      throw new DescentError('io', `${this.path} can't be read: ${(error as Error).message}.`, {
        subject: this.path,
        cause: error,
      });
    }
    const parsed = this.schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    await rename(this.path, `${this.path}.broken`);
    this.logger.warn(
      `${this.path} could not be understood; it was kept as ${this.path}.broken and defaults are used.`,
    );
    return structuredClone(this.initial);
  }

  /** Reads, changes and writes under a lock across processes. Returns the new value. */
  update(change: (value: z.output<Schema>) => z.output<Schema>): Promise<z.output<Schema>> {
    return withLock(this.path, async () => {
      const value = change(await this.read());
      await writeFileAtomically(this.path, `${JSON.stringify(value, undefined, 2)}\n`);
      return value;
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller keeps the file aside and says so.
    return undefined;
  }
}
