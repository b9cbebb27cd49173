import { consumerContract } from './consumer-contract.js';
import { outboxContract } from './outbox-contract.js';

/** What every transport and every replacement of a part must pass. Plain assertions, so that doubles can be seen to fail. */
export const contract = { ...outboxContract, ...consumerContract };
