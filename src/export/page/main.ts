import './page.css';
import { showAnswer, showFailure } from './answer';
import { element } from './element';
import { inspection } from './inspection';
import { type LoadedModel, loadModel } from './load-model';
import { pictureInput } from './picture-input';
import { predict } from './predictor';
import { rowInput } from './row-input';
import { textInput } from './text-input';
import { texts } from './texts';

async function start(page: HTMLElement): Promise<void> {
  page.replaceChildren(element('p', {}, texts.loading));
  const loaded = await loadModel();
  document.title = loaded.metadata.name;
  const answer = element('section', { id: 'answer', 'aria-live': 'polite', hidden: '' });
  page.replaceChildren(
    element('h1', {}, loaded.metadata.name),
    element('p', {}, texts.ready),
    inputFor(loaded, answer),
    answer,
    inspection(loaded.model),
  );
  page.dataset.state = 'ready';
}

function inputFor(loaded: LoadedModel, answer: HTMLElement): HTMLElement {
  const { metadata } = loaded;
  const run = (values: Float32Array, shape: number[]) => {
    answer.hidden = false;
    showAnswer(answer, metadata, predict(loaded, values, shape));
  };
  const fail = (message: string) => {
    answer.hidden = false;
    showFailure(answer, message);
  };
  switch (metadata.input.kind) {
    case 'images':
      return pictureInput(metadata.input, { predict: run, fail });
    case 'table':
      return rowInput(metadata.input, run);
    case 'texts':
      return textInput(metadata.input, run);
  }
}

const page = document.getElementById('page');
if (page) {
  start(page).catch((error: unknown) => {
    page.dataset.state = 'failed';
    showFailure(page, texts.notLoaded(error instanceof Error ? error.message : String(error)));
  });
}
