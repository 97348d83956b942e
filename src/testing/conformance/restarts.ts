import type { Backend } from "../../backend/mod.ts";
import type { ConformanceHarness } from "./harness.ts";

/**
 * Runs a check now, after a close and reopen, and after a crash if the backend promises durability. Returns
 * the backend that is open at the end.
 */
export async function afterEachRestart(
  harness: ConformanceHarness,
  backend: Backend,
  verify: (backend: Backend) => Promise<void>,
  account?: string,
): Promise<Backend> {
  await verify(backend);
  const reopened = await harness.reopen(account);
  await verify(reopened);
  if (!reopened.capabilities.durableOnResolve) return reopened;
  const crashed = await harness.crash(account);
  await verify(crashed);
  return crashed;
}
