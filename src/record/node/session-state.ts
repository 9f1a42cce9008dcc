import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../files/node/atomic';
import { maskedCrc32c } from './crc32c';
import { encodeFileVersion, encodePluginSummary, encodeSummaryEvent } from './event-encoding';
import { encodeSessionEnd, hparamsTags } from './hparams-encoding';

/**
 * TensorBoard keeps the first end of a session that it reads, and reads a folder's event files in the order of their names.
 * The state of a run that went on after an end therefore stands in a file that sorts before all others, replaced as a whole.
 * A TensorBoard that is open shows it when it is started again.
 */
const fileName = 'events.out.tfevents.0000000000.session-state.v2';

/** Whether an event file of the folder tells how a session ended. Reads them: a run's own folder has texts alone. */
export async function hasSessionEnd(directory: string): Promise<boolean> {
  const names = (await readdir(directory)).filter((name) => name.includes('tfevents'));
  for (const name of names)
    if ((await readFile(join(directory, name))).includes(hparamsTags.sessionEnd)) return true;
  return false;
}

/** Makes `status` what TensorBoard's HParams show of the run. Times are seconds since 1970; `began`: the run's start. */
export async function writeSessionState(
  directory: string,
  status: number,
  began: number,
  ended: number,
): Promise<void> {
  const summary = encodePluginSummary(hparamsTags.sessionEnd, 'hparams', encodeSessionEnd(status, ended));
  // TensorBoard takes the time of the first event as the run's.
  const records = [encodeFileVersion(began), encodeSummaryEvent(0, began, summary)].map(frame);
  await writeFileAtomically(join(directory, fileName), Buffer.concat(records));
}

/** A TFRecord (tensorflow/core/lib/io/record_writer.h). */
function frame(event: Uint8Array): Buffer {
  const record = Buffer.alloc(event.length + 16);
  record.writeUInt32LE(event.length, 0);
  record.writeUInt32LE(maskedCrc32c(record, 0, 8), 8);
  record.set(event, 12);
  record.writeUInt32LE(maskedCrc32c(record, 12, 12 + event.length), 12 + event.length);
  return record;
}
