export { contentImport } from './service.js';
