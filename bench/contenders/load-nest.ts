/** What every application with Nest in it has loaded. */
export async function loadNest(): Promise<void> {
  await import('@nestjs/core');
  await import('@nestjs/common');
}
