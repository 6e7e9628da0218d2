import type { Summary } from '../measure/statistics.js';
import type { Goal } from './goals.js';

export interface Column {
  readonly key: string;
  readonly heading: string;
  /** Whether the table shows how far the rounds were apart, besides their median. */
  readonly hasSpread?: boolean;
}

export interface Row {
  readonly name: string;
  readonly cells: Readonly<Record<string, Summary | undefined>>;
  /** Why there are no figures, or not all. */
  readonly failure?: string | undefined;
  /** What must be known to read the figures. */
  readonly remark?: string | undefined;
}

export interface Section {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What a case found out. */
export interface CaseReport {
  readonly name: string;
  readonly sections: readonly Section[];
  readonly goals: readonly Goal[];
  /** What happened beside: what lanes wrote, what did not end. */
  readonly remarks: readonly string[];
}
