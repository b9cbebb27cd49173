import { InvalidArgumentError } from 'commander';

/** A whole number from 0 on, as an option gives it. @throws InvalidArgumentError */
export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('A whole number is needed.');
  return Number(value);
}

/** The same from 1 on. @throws InvalidArgumentError */
export function positiveNumber(value: string): number {
  const number = wholeNumber(value);
  if (number === 0) throw new InvalidArgumentError('It has to be 1 at least.');
  return number;
}
