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
  callAhead: 7,
  withdraw: 8,
  // from a worker
  ready: 16,
  bootFailed: 17,
  started: 18,
  result: 19,
  failure: 20,
  pong: 21,
  recycle: 22,
  crashed: 23,
  returned: 24,
  withdrawn: 25,
  booting: 26,
} as const;

export type MessageType = (typeof MessageType)[keyof typeof MessageType];

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(MessageType));

export function isMessageType(value: unknown): value is MessageType {
  return typeof value === 'number' && KNOWN_TYPES.has(value);
}

/**
 * One shape for all messages: small, flat and the same on every channel. Unused fields are 0.
 *
 * | type | turn | call | target | attempt | timeout | signals | payload |
 * |---|---|---|---|---|---|---|---|
 * | boot | | | | | | | the WorkerPlan |
 * | define | | | number | | | | its TargetDefinition |
 * | call | which hand-over | the call's id | number | from 1 | ms, 0: none | bits | the arguments |
 * | callAhead | as call, to a worker that has calls: it may be taken back until it begins | | | | | | |
 * | cancel | of the call | | | | | | the reason |
 * | withdraw | of the call: it is cancelled unless the worker has said that it started | | | | | | the reason |
 * | ping, pong | | | | | | | |
 * | started, returned, withdrawn | of the call | | | | | | |
 * | result, failure | of the call | the last turn that has begun when it leaves; 0: not said | | | how long it ran, ms | | the value or error |
 * | booting | | | | | | | a text: what it does now |
 * | bootFailed, crashed | | | | | | | the error |
 * | close, ready, recycle | | | | | | | |
 */
export interface Message {
  readonly type: MessageType;
  readonly turn: number;
  readonly call: number;
  readonly target: number;
  readonly attempt: number;
  readonly timeout: number;
  readonly signals: number;
  readonly payload: Payload | undefined;
}

export function message(
  type: MessageType,
  turn = 0,
  payload?: Payload,
  target = 0,
  timeout = 0,
  call = 0,
): Message {
  return { type, turn, call, target, attempt: 0, timeout, signals: 0, payload };
}
