export { cardBulk } from './service.js';
