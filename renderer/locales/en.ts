import { common } from './en/common';
import { data } from './en/data';
import { exporting } from './en/export';
import { model } from './en/model';
import { runs } from './en/runs';
import { settings } from './en/settings';
import { train } from './en/train';

/** Every English text of the interface, a section a page. `common` is what the frame and the components say. */
export const en = { common, data, train, runs, model, export: exporting, settings };
