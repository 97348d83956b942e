import { type Backend, CommitQueue, type Write } from "../../backend/mod.ts";
import { type Logger, systemRandom } from "../../ports/mod.ts";

/** Writes of one commit. */
const COMMIT_WRITES = 100;

/**
 * Commits as the owner of an account that has a device: an owner of before is fenced, and none can come in
 * between unnoticed.
 *
 * @throws {FencedError} When another process takes the account over.
 */
export async function commitAsOwner(
  backend: Backend,
  writes: readonly Write[],
  logger: Logger,
): Promise<void> {
  // A device is there: an owner of this release says so in its token.
  const firstDevice = async (): Promise<Write[]> => [];
  const queue = await CommitQueue.take(backend, { random: systemRandom, logger, firstDevice });
  for (let from = 0; from < writes.length; from += COMMIT_WRITES)
    await queue.commit(writes.slice(from, from + COMMIT_WRITES));
}
