/** What keeps the machine busy while the server is asked. */
export const MODES = ['idle', 'inline', 'thread', 'process', 'beside'] as const;
export type Mode = (typeof MODES)[number];

/** To the server: from now on, do this. */
export interface ModeCommand {
  readonly mode: Mode;
  /** How much arithmetic a call of the blocking method is. */
  readonly units: number;
}

/** From the server, when it does. */
export interface ModeAnswer {
  /** How often the blocking method ended in the mode before, per second. */
  readonly callsPerSecond: number;
}

/** To the load's process. */
export interface LoadCommand {
  readonly url: string;
  readonly ms: number;
}

/** From the load's process; times in ms. */
export interface LoadAnswer {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly perSecond: number;
  /** Requests without an answer, or with another one than 2xx. */
  readonly failed: number;
}
