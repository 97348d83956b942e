/** How a service ends: within limits, whatever its clients and its database do. */

import type { Listening } from "./listen.ts";

/** When every connection is closed after the signal to end, in milliseconds, if the database answers. */
const GRACE_MS = 5_000;

/** The part of it that is left for the last flush of all accounts. Running requests have the rest. */
const LAST_FLUSH_MS = 1_000;

/** How long the last flush of all accounts may take, in milliseconds. */
const SETTLE_MS = 20_000;

/** What is ended. */
export interface RunningService {
  readonly server: Listening;
  readonly accounts: { close(): Promise<void> };
}

/**
 * Ends a service: accepts nothing more, waits for running requests, flushes and closes every account, and
 * then closes every connection that is still there.
 *
 * @returns Whether all of it was done in time. If not, the database may not answer.
 * @throws {StoreError} When some state cannot be saved.
 */
export async function shutDown({ server, accounts }: RunningService): Promise<boolean> {
  await within(GRACE_MS - LAST_FLUSH_MS, server.stop());
  try {
    return await within(SETTLE_MS, accounts.close());
  } finally {
    await server.cut();
  }
}

/** Waits for work, but not longer than a limit. Returns whether it was done. */
async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
