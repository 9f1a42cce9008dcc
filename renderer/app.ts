import { createPinia } from 'pinia';
import 'splitpanes/dist/splitpanes.css';
import { type App, createApp } from 'vue';
import { z } from 'zod';
import Frame from './App.vue';
import { createCatalogue } from './locales/i18n';
import { createStudioRouter } from './router';
import { type StudioConnection, studioKey } from './studio';
import './theme/tokens.css';
import './theme/base.css';

// The strict content security policy forbids the functions that zod would compile.
z.config({ jitless: true });

/** The whole interface over one connection; the page's entry and the tests mount it. */
export function createStudioApp(studio: StudioConnection): App {
  const app = createApp(Frame);
  app.provide(studioKey, studio);
  app.use(createPinia());
  app.use(createCatalogue());
  app.use(createStudioRouter());
  return app;
}
