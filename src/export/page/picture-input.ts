import type { z } from 'zod';
import type { imageInput } from '../../contract/metadata';
import { preprocessPicture } from '../../dataset/common/pixels';
import { decodePicture } from './decode-picture';
import { element } from './element';
import { texts } from './texts';

type ImageInput = z.infer<typeof imageInput>;

interface PictureHandlers {
  predict(values: Float32Array, shape: number[]): void;
  fail(message: string): void;
}

/** Drop zone, file chooser and camera. */
export function pictureInput(input: ImageInput, handlers: PictureHandlers): HTMLElement {
  const seen = element('canvas', {
    class: 'seen',
    role: 'img',
    'aria-label': texts.pictureAlternative,
    hidden: '',
  });
  const chooser = element('input', {
    type: 'file',
    accept: 'image/*',
    hidden: '',
    'aria-label': texts.chooseFile,
  });
  const drop = element('button', { class: 'drop', type: 'button' }, texts.dropPicture);
  const camera = element('button', { type: 'button' }, texts.startWebcam);
  const video = element('video', { hidden: '', playsinline: '', muted: '' });

  const run = async (source: ImageBitmapSource) => {
    const decoded = await decodePicture(source);
    const pixels = preprocessPicture({ ...decoded, channels: 4 }, input);
    draw(seen, pixels, input);
    handlers.predict(Float32Array.from(pixels), [input.height, input.width, input.channels]);
  };
  const runFile = (file: File) => run(file).catch(() => handlers.fail(texts.unreadable(file.name)));

  drop.addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    const file = chooser.files?.[0];
    if (file) void runFile(file);
    chooser.value = '';
  });
  for (const type of ['dragover', 'dragenter']) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const file = event.dataTransfer?.files[0];
    if (file) void runFile(file);
  });
  attachCamera(camera, video, run, handlers.fail);
  return element(
    'section',
    {},
    drop,
    chooser,
    video,
    element('div', { class: 'row' }, camera),
    element('div', { class: 'row' }, seen),
  );
}

function attachCamera(
  button: HTMLButtonElement,
  video: HTMLVideoElement,
  run: (source: ImageBitmapSource) => Promise<void>,
  fail: (message: string) => void,
): void {
  let stream: MediaStream | null = null;
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.hidden = true;
    button.textContent = texts.startWebcam;
  };
  const look = async () => {
    while (stream) {
      if (video.videoWidth > 0) await run(video);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  button.addEventListener('click', async () => {
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      video.srcObject = stream;
      video.hidden = false;
      button.textContent = texts.stopWebcam;
      await video.play();
      await look();
    } catch {
      stop();
      fail(texts.webcamRefused);
    }
  });
}

function draw(canvas: HTMLCanvasElement, pixels: Uint8Array, { height, width, channels }: ImageInput): void {
  canvas.hidden = false;
  canvas.width = width;
  canvas.height = height;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let index = 0; index < width * height; index++) {
    for (let channel = 0; channel < 3; channel++) {
      rgba[index * 4 + channel] = pixels[index * channels + Math.min(channel, channels - 1)]!;
    }
    rgba[index * 4 + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
}
