import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { createPinia } from 'pinia';
import { type Component, defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, type Router, RouterView } from 'vue-router';
import { createCatalogue } from '../../../renderer/locales/i18n';
import { type Host, studioKey } from '../../../renderer/studio';
import { type FixtureOptions, FixtureStudio } from '../../support/fixture-studio';

export interface MountedPage {
  page: VueWrapper;
  studio: FixtureStudio;
  router: Router;
  host: Host;
}

const open: (() => void)[] = [];

/** Mounts a page at an address over the fixture, with stores, catalogue and a router in memory. */
export async function mountPage(
  component: Component,
  options: { at?: string; fixture?: FixtureOptions; host?: Partial<Host>; before?: () => void } = {},
): Promise<MountedPage> {
  const studio = new FixtureStudio({ scanMilliseconds: 0, ...options.fixture });
  const blank = defineComponent({ render: () => h('p') });
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component },
      { path: '/:page', component: blank },
      { path: '/runs/:id', component: blank },
    ],
  });
  await router.push(options.at ?? '/');
  const host: Host = {
    kind: 'web',
    platform: 'linux',
    versions: {},
    chooseFolder: async () => null,
    chooseFile: async () => null,
    showInFolder: async () => false,
    pathOfDroppedFile: () => null,
    setTitle: () => {},
    onMenu: () => {},
    onCloseRequested: () => {},
    answerClose: () => {},
    notify: () => {},
    ...options.host,
  };
  const actions = document.createElement('div');
  actions.id = 'page-actions';
  document.body.append(actions);
  const shell = defineComponent({
    setup() {
      options.before?.();
      return () => h(RouterView);
    },
  });
  const page = mount(shell, {
    attachTo: document.body,
    global: {
      plugins: [createPinia(), createCatalogue(), router],
      provide: {
        [studioKey as symbol]: {
          client: studio.client,
          host,
          connection: { state: 'connected', subscribe: () => () => {} },
        },
      },
    },
  });
  open.push(() => {
    page.unmount();
    actions.remove();
    studio.close();
  });
  await flushPromises();
  return { page, studio, router, host };
}

/** Unmounts what mountPage mounted; for afterEach. */
export function closePages(): void {
  for (const close of open.splice(0)) close();
  document.body.innerHTML = '';
  localStorage.clear();
  sessionStorage.clear();
}

/** Waits until `check` gives something, a second at most. */
export async function until<Value>(check: () => Value | undefined | null | false): Promise<Value> {
  for (let turn = 0; turn < 100; turn++) {
    const value = check();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await flushPromises();
  }
  throw new Error(
    `It did not come about: ${check}\n${document.body.textContent?.replace(/\s+/g, ' ').slice(0, 2000)}`,
  );
}

/** The button with these words, or this label. */
export function button(words: string): HTMLButtonElement | undefined {
  return [...document.querySelectorAll('button')].find(
    (candidate) => candidate.textContent?.trim() === words || candidate.getAttribute('aria-label') === words,
  );
}

export function text(): string {
  return document.body.textContent?.replace(/\s+/g, ' ') ?? '';
}
