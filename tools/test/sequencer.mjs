import TestSequencer from '@jest/test-sequencer';

// Starts whole platforms and kills them: minutes in one file. Begun last, it would keep one worker busy while the other
// has nothing left to do; and Jest, which begins with what took longest, knows nothing of that on a clean checkout.
const isLong = ({ path }) => /tools\/(chaos|test)\/|several-exporters|broker-faults/.test(path);

/** Jest's own order, the long files first. */
export default class LongFilesFirst extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
