import type { Backend } from "../../backend/mod.ts";
import type { ConformanceHarness } from "./harness.ts";

/**
 * Checks now, after a close and reopen and, where the backend promises it, after a crash. Ends with the
 * backend that is open then.
 */
export async function afterEachRestart(
  harness: ConformanceHarness,
  backend: Backend,
  verify: (backend: Backend) => Promise<void>,
): Promise<Backend> {
  await verify(backend);
  const reopened = await harness.reopen();
  await verify(reopened);
  if (!reopened.capabilities.durableOnResolve) return reopened;
  const crashed = await harness.crash();
  await verify(crashed);
  return crashed;
}
