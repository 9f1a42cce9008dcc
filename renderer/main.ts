import { createStudioApp } from './app';
import { connectStudio } from './transport';

createStudioApp(connectStudio()).mount('#app');
