/** Every text of the exported page, in one place. */
export const texts = {
  loading: 'Loading the model…',
  ready: 'Everything is computed on this device; nothing is sent anywhere.',
  dropPicture: 'Drop a picture here, or press Enter to choose one',
  chooseFile: 'Choose a picture',
  startWebcam: 'Use the camera',
  stopWebcam: 'Stop the camera',
  webcamRefused: 'The camera could not be opened. Allow it for this page in the browser, or choose a file.',
  pictureAlternative: 'The picture as the model sees it',
  asTheModelSees: 'As the model sees it',
  predict: 'Predict',
  textLabel: 'A text',
  answer: 'Answer',
  independent: 'Each label is judged by itself: the shares need not add up to 100 %.',
  unreadable: (name: string) =>
    `“${name}” could not be read as a picture. JPEG, PNG, WebP, GIF and BMP work.`,
  notLoaded: (why: string) =>
    `The model could not be loaded: ${why}. Keep model.json, weights.bin and this page in one folder, and open it from a web server.`,
  noModelScript:
    'Opened straight from a folder, this page needs model.js beside it. Serve the folder over HTTP instead, for example with “npx http-server”.',
  inspect: 'Look inside: layers and weight distributions',
  summary: 'Layers',
  weightsOf: 'Weights of',
  noSuchValue: 'left empty',
};
