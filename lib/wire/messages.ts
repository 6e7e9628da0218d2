import { NO_SEQ } from './marks.js';
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
  callLeased: 9,
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
 * | type | seq | id | target | attempt | ms | signals | payload |
 * |---|---|---|---|---|---|---|---|
 * | boot | | | | | | | the WorkerPlan |
 * | define | | | number | | | | its TargetDefinition |
 * | call | which hand-over | the call's id | number | from 1 | its timeout, 0: none | bits | the arguments |
 * | callAhead | as call, to a worker that has calls: it may be taken back until it begins | | | | | | |
 * | callLeased | as callAhead, and short (see LimitLease) | | | | | | |
 * | cancel | of the call | | | | | | the reason |
 * | withdraw | of the call: it is cancelled unless the worker has said that it started | | | | | | the reason |
 * | ping, pong | | | | | | | |
 * | started, returned, withdrawn | of the call | | | | | | |
 * | result, failure | of the call | the last one that has begun when it leaves (`seq`); 0: not said | | | how long it ran | | the value or error |
 * | booting | | | | | | | a text: what it does now |
 * | bootFailed, crashed | | | | | | | the error |
 * | close, ready, recycle | | | | | | | |
 */
export interface Message {
  readonly type: MessageType;
  readonly seq: number;
  readonly id: number;
  readonly target: number;
  readonly attempt: number;
  readonly ms: number;
  readonly signals: number;
  readonly payload: Payload | undefined;
}

export function message(type: MessageType, seq = 0, payload?: Payload, target = 0): Message {
  return { type, seq, id: 0, target, attempt: 0, ms: 0, signals: 0, payload };
}

/**
 * @param ms how long the call ran
 * @param begun the last call that has begun when this leaves
 */
export function outcomeMessage(
  failed: boolean,
  seq: number,
  payload: Payload,
  ms: number,
  begun: number = NO_SEQ,
): Message {
  const type = failed ? MessageType.failure : MessageType.result;
  return { type, seq, id: begun, target: 0, attempt: 0, ms, signals: 0, payload };
}
