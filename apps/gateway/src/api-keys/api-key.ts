import { hash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** How every key begins: what tells it from a JWT, and what secret scanners look for. */
export const API_KEY_PREFIX = 'hb_live_';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 12;
/** 43 of 62 characters: 256 bits, so that a plain SHA-256 is all the storage needs. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

const pattern = /^(hb_live_[0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

function random(length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** CRC-32 in base 62: a mistyped or made-up key is told apart without a look at the database. */
function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let index = 0; index < CHECKSUM_LENGTH; index++) {
    digits = (alphabet[rest % alphabet.length] ?? '') + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}

/** The public half of a key: it is looked up by this, and lists show it. */
export function newKeyPrefix(): string {
  return API_KEY_PREFIX + random(ID_LENGTH);
}

/** A whole key for a prefix. Shown once; only its hash is kept. */
export function newKey(prefix: string): string {
  const unsigned = `${prefix}_${random(SECRET_LENGTH)}`;
  return unsigned + checksum(unsigned);
}

/** SHA-256 of a whole key. */
export function keyHash(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Prefix of a key that may exist; undefined for what was never one. */
export function prefixOf(key: string): string | undefined {
  const parts = pattern.exec(key);
  if (!parts) return undefined;
  return checksum(key.slice(0, -CHECKSUM_LENGTH)) === parts[3] ? parts[1] : undefined;
}

/** Compares hashes in a time that tells nothing about them. */
export function sameHash(one: Buffer, other: Buffer | null): boolean {
  return other !== null && one.length === other.length && timingSafeEqual(one, other);
}
