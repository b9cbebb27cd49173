export { assignment } from './service.js';
