import { InvalidKeyError } from './file-store.errors.js';

const MAX_LENGTH = 500;
const MAX_NAMES = 20;
// No dot at the beginning: neither "..", nor the folder in which the local store keeps what is unfinished.
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/** @returns the key, sound @throws InvalidKeyError */
export function checkedKey(key: string): string {
  const names = key.split('/');
  if (key.length > MAX_LENGTH || names.length > MAX_NAMES || !names.every((name) => NAME.test(name))) {
    throw new InvalidKeyError(key);
  }
  return key;
}
