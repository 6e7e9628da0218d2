/** The least that a task can be: what is left is the cost of the trip. */
export function echo<T>(value: T): T {
  return value;
}

/**
 * A fixed amount of arithmetic, and not "spin until the clock says so": on a core that is shared, a spinning
 * task would finish in time however little of the core it got.
 */
export function burn(units: number): number {
  let state = 1;
  for (let step = 0; step < units; step++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}
