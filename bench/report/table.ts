import type { Summary } from '../measure/statistics.js';
import type { Goal } from './goals.js';
import { formatNumber, formatRatio } from './numbers.js';
import type { Section } from './report.js';

/** A section as text: its title, then a line per contender. */
export function formatSection({ title, columns, rows }: Section): string {
  const headings = ['', ...columns.flatMap(({ heading, hasSpread }) => [heading, ...spreadOf(hasSpread)])];
  const lines = rows.map(({ name, cells, failure, remark }) => {
    if (failure !== undefined) return [name, `failed: ${failure}`];
    const figures = columns.flatMap(({ key, hasSpread }) => {
      const summary = cells[key];
      return [summary ? formatNumber(summary.median) : '–', ...spreadOf(hasSpread, summary)];
    });
    return [name, ...figures, ...(remark === undefined ? [] : [`  (${remark})`])];
  });
  return `${title}\n${align([headings, ...lines])}`;
}

export function formatGoals(goals: readonly Goal[]): string {
  const lines = goals.map(({ what, sense, target, ratio, isMet }) => [
    isMet ? 'met' : ratio ? 'MISSED' : 'NOT MEASURED',
    what,
    ratio ? formatRatio(ratio.median) : '–',
    ratio ? `${formatRatio(ratio.min)}–${formatRatio(ratio.max)}` : '',
    `${sense} ${target}`,
  ]);
  return align([['', '', 'ratio', 'min–max', 'target'], ...lines], 2);
}

function spreadOf(hasSpread: boolean | undefined, summary?: Summary): string[] {
  if (!hasSpread) return [];
  if (!summary) return ['min–max'];
  return [`${formatNumber(summary.min)}–${formatNumber(summary.max)}`];
}

/** The first columns to the left, numbers to the right. A line's last cell, where it is text, takes what room it needs. */
function align(lines: readonly (readonly string[])[], leftColumns = 1): string {
  const columns = Math.max(...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...lines.map((line) => (isText(line[index]) ? 0 : (line[index]?.length ?? 0)))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, index) =>
          index < leftColumns || isText(cell)
            ? cell.padEnd(widths[index] ?? 0)
            : cell.padStart(widths[index] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

function isText(cell: string | undefined): boolean {
  return cell !== undefined && (cell.startsWith('failed: ') || cell.startsWith('  ('));
}
