import { connect } from 'node:net';

const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
/** First byte of a method frame: the broker's Connection.Start. */
const METHOD_FRAME = 1;

/** Whether a broker greets on this port: it listens only once it has booted and its queues are back. */
export function greetsAmqp(port: number, host = '127.0.0.1', timeoutMs = 2000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const answer = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(timeoutMs, () => {
      answer(false);
    });
    socket.once('error', () => {
      answer(false);
    });
    socket.once('close', () => {
      answer(false);
    });
    socket.once('data', (bytes: Buffer) => {
      answer(bytes[0] === METHOD_FRAME);
    });
    socket.write(PROTOCOL_HEADER);
  });
}
