import { buffersCase } from './buffers.case.js';
import type { BenchCase } from './case.js';
import { coldStartCase } from './cold-start.case.js';
import { cpuCase } from './cpu.case.js';
import { eventLoopCase } from './event-loop/event-loop.case.js';
import { memoryCase } from './memory.case.js';
import { queueCase } from './queue.case.js';
import { tinyCase } from './tiny.case.js';
import { transferCase } from './transfer.case.js';

export const CASES: readonly BenchCase[] = [
  tinyCase,
  buffersCase,
  cpuCase,
  transferCase,
  queueCase,
  coldStartCase,
  memoryCase,
  eventLoopCase,
];
