import type { Socket } from 'node:net';

/** How much of the end is kept, in characters: V8's report of a full heap is shorter. */
const TAIL_LENGTH = 16 * 1024;

/**
 * Hands a child's stderr on to the application's own, and keeps its end: that V8 ran out of heap is said
 * nowhere else.
 */
export class StderrTail {
  hasEnded = false;
  onEnd: (() => void) | undefined;
  readonly #stream: Socket;
  #tail = '';

  constructor(stream: Socket) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-TAIL_LENGTH);
    });
    stream.on('error', () => this.#end());
    stream.on('end', () => this.#end());
    stream.on('close', () => this.#end());
    stream.unref();
  }

  get saysOutOfMemory(): boolean {
    return /heap out of memory|Allocation failed - process out of memory|fatal (javascript|process) (oom|out of memory)/i.test(
      this.#tail,
    );
  }

  /** Of why it ended: what Node says of an error that nothing caught, or of an option that it does not know, or V8 of its end. */
  get lastWords(): string {
    const lines = Buffer.from(this.#tail, 'latin1').toString().split('\n');
    const said = lines
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('Node.js v'));
    const last = (pattern: RegExp) => said.findLast((line) => pattern.test(line));
    return last(/^[\w$.]*Error\b.*:/) ?? last(/^# Fatal |^FATAL ERROR: /) ?? said.at(-1) ?? '';
  }

  close(): void {
    this.onEnd = undefined;
    this.#stream.destroy();
  }

  #end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.onEnd?.();
  }
}
