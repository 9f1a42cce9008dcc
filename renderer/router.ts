import { createRouter, createWebHashHistory, type RouteRecordRaw, type Router } from 'vue-router';

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/data' },
  { path: '/data', name: 'data', component: () => import('./pages/data/DataPage.vue') },
  { path: '/train', name: 'train', component: () => import('./pages/train/TrainPage.vue') },
  { path: '/runs', name: 'runs', component: () => import('./pages/runs/RunsPage.vue') },
  { path: '/runs/:id', name: 'run', component: () => import('./pages/runs/RunPage.vue'), props: true },
  { path: '/model', name: 'model', component: () => import('./pages/model/ModelPage.vue') },
  { path: '/export', name: 'export', component: () => import('./pages/export/ExportPage.vue') },
  { path: '/settings', name: 'settings', component: () => import('./pages/settings/SettingsPage.vue') },
  { path: '/:rest(.*)*', redirect: '/data' },
];

/** Hash routes: the same under app:// and under any address of the web host. */
export function createStudioRouter(): Router {
  return createRouter({ history: createWebHashHistory(), routes });
}
