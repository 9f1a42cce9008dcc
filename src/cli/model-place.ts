import { homedir } from 'node:os';
import { join } from 'node:path';
import { packNamed } from '../contract/base-packs';
import { DescentError } from '../contract/errors';
import { personPath } from './paths';

export interface ModelPlace {
  model: string;
  /** Absolute path or address; absent: none was given. */
  base?: string;
}

const address = /^[a-z][a-z0-9+.-]*:\/\//i;

/** An address, or the name of a pack (./minilm is a path), as it is; a path made absolute from where the person stands, `~/` from the home folder. */
export function placeOf(text: string): string {
  if (text === '' || address.test(text) || packNamed(text)) return text;
  return /^~[/\\]/.test(text) ? join(homedir(), text.slice(2)) : personPath(text);
}

/**
 * `keras:FILE` -> model keras with base FILE; a name alone stays one.
 * @param placed models that are read from a place
 * @throws DescentError `wrong-use` for a place where the model takes none, or an empty one
 */
export function splitModelPlace(text: string, placed: readonly string[]): ModelPlace {
  const colon = text.indexOf(':');
  if (colon < 0) return { model: text };
  const [model, place] = [text.slice(0, colon), text.slice(colon + 1)];
  if (!placed.includes(model)) {
    throw new DescentError('wrong-use', `The model "${model}" is not read from a place, as "${text}" says.`, {
      subject: text,
      remedy: placed.length === 0 ? undefined : `Those that are: ${placed.join(', ')}.`,
    });
  }
  if (place === '') {
    throw new DescentError('wrong-use', `"${text}" names no place.`, {
      subject: text,
      remedy: `Write the file, folder or address after the colon: --model ${model}:PLACE.`,
    });
  }
  return { model, base: placeOf(place) };
}
