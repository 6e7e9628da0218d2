/**
 * @returns asks for `act` at the end of this tick, however often it is called: after the microtasks, in which more may
 *   come to be acted on
 */
export function oncePerTick(act: () => void): () => void {
  let isScheduled = false;
  const run = () => {
    isScheduled = false;
    act();
  };
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    process.nextTick(run);
  };
}
