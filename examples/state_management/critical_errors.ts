/**
 * Critical errors: what was saved, and how to react when it was not.
 *
 * - Flush before you report a change to a server or a peer, and do not report it if the flush rejects. The
 *   state is still in memory and dirty, and is retried in the background. Never discard it because of a
 *   failed write.
 * - A report with `isolated` items saved everything except those, which it names. They stay dirty.
 * - `HaltedError` (ten failures in a row): stop sending, keep running, wait for the `resumed` event.
 * - `FencedError`: another process has opened the account. Your changes are no longer saved. Stop, or open
 *   the account again to take it back.
 * - A device that cannot be read (`CorruptError`) is never replaced by a new one. Restore it, or delete it
 *   explicitly.
 *
 * In a project of your own the imports are `@holdfast/store` and `@holdfast/store/memory`.
 */
import { FencedError, openAccount, StoreError } from "../../mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../src/adapters/memory/mod.ts";

const database = new MemoryDatabase();
const faults = new MemoryFaults();
const log: string[] = [];

const account = await openAccount({ backend: memoryBackend({ database, faults }) });
account.writeBehind.onEvent((event) => {
  if (event.kind === "failed") log.push(`failed: ${event.error.code}`);
  if (event.kind === "fenced") log.push("fenced: stop");
});

/** Reports only durable changes to the server. */
async function pair(pn: string): Promise<string> {
  account.device.processCommand({ kind: "setId", pn });
  try {
    const report = await account.flush();
    if (report.isolated.length > 0) return `not saved: ${report.isolated.map(({ key }) => key).join(", ")}`;
    return "confirmed to the server";
  } catch (error) {
    if (error instanceof FencedError) throw error;
    return `not confirmed (${error instanceof StoreError ? error.code : "unexpected"}), still in memory`;
  }
}

// The disk is temporarily full. The change is neither confirmed nor lost.
faults.failCommitAt(0);
log.push(await pair("5511999990000:3@s.whatsapp.net"));
log.push(await pair("5511999990000:3@s.whatsapp.net"));

// Another process opens the account: this one must stop.
const successor = await openAccount({ backend: memoryBackend({ database }) });
try {
  await pair("5511999990000:4@s.whatsapp.net");
} catch (error) {
  log.push(`stopped: ${(error as FencedError).code}`);
}
// `close` rejects if some state could not be saved, after everything was closed.
await account.close().catch((error: unknown) => log.push(`closed: ${(error as StoreError).code}`));
await successor.close();

/** The log, in order. */
export const history: readonly string[] = log;
console.log(history.join("\n"));
