import type { Payload } from './payload.js';

/** What a message is; the numbers are what crosses a pipe. */
export const MessageType = {
  // to a worker
  boot: 1,
  define: 2,
  call: 3,
  cancel: 4,
  ping: 5,
  close: 6,
  // from a worker
  ready: 16,
  bootFailed: 17,
  started: 18,
  result: 19,
  failure: 20,
  pong: 21,
  recycle: 22,
  crashed: 23,
} as const;

export type MessageType = (typeof MessageType)[keyof typeof MessageType];

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(MessageType));

export function isMessageType(value: unknown): value is MessageType {
  return typeof value === 'number' && KNOWN_TYPES.has(value);
}

/**
 * One shape for all messages: small, flat and the same on every channel. Unused fields are 0.
 *
 * | type | id | target | attempt | timeout | signals | payload |
 * |---|---|---|---|---|---|---|
 * | boot | | | | | | the WorkerPlan |
 * | define | | number | | | | its TargetDefinition |
 * | call | call | number | from 1 | ms, 0: none | bits | the arguments |
 * | cancel | call | | | | | the reason |
 * | ping, pong | number | | | | | |
 * | started | call | | | | | |
 * | result, failure | call | | | | | the value or error |
 * | bootFailed, crashed | | | | | | the error |
 * | close, ready, recycle | | | | | | |
 */
export interface Message {
  readonly type: MessageType;
  readonly id: number;
  readonly target: number;
  readonly attempt: number;
  readonly timeout: number;
  readonly signals: number;
  readonly payload: Payload | undefined;
}

export function message(type: MessageType, id = 0, payload?: Payload, target = 0): Message {
  return { type, id, target, attempt: 0, timeout: 0, signals: 0, payload };
}
