/** Three digits or so: more would claim what was not measured. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** Small enough for two digits after the point to hide it. */
export function formatRatio(value: number): string {
  return Math.abs(value) < 0.1 ? value.toFixed(3) : formatNumber(value);
}
