/**
 * The process of both accounts of the conversation. It may be killed at any time: all reported progress is
 * durable. It prints lines of JSON on standard output (`WorkerReport`) and ends when its standard input
 * closes, so that it never outlives its parent.
 */
import process from "node:process";
import { converse, handedOver, isIntact, openConversation } from "./conversation.ts";
import { databaseToken } from "./database_token.ts";

/** Stored rows and bytes of one account. */
export interface AccountReport {
  readonly name: string;
  readonly sessions: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A line of the worker's output. */
export type WorkerReport =
  | { readonly event: "opened"; readonly handedOver: number; readonly openMs: number }
  | {
      readonly event: "progress";
      readonly handedOver: number;
      readonly rowsWritten: number;
      readonly commits: number;
    }
  | { readonly event: "done"; readonly intact: boolean; readonly accounts: readonly AccountReport[] };

// libsignal-node logs whole sessions, including private keys, when it closes one. Standard output is for
// reports.
for (const method of ["log", "info", "warn"] as const) console[method] = () => {};

function report(line: WorkerReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main([url, target]: readonly string[]): Promise<void> {
  if (url === undefined || target === undefined)
    throw new TypeError("worker: needs a database URL and a target");
  const startedAt = performance.now();
  const conversation = await openConversation({ url, authToken: databaseToken() });
  const { alice, bob } = conversation;
  const before = handedOver(conversation);
  report({ event: "opened", handedOver: before, openMs: performance.now() - startedAt });
  const goal = target.startsWith("+") ? before + Number(target.slice(1)) : Number(target);
  await converse(conversation, goal, () => {
    const stats = [alice.account.stats(), bob.account.stats()];
    report({
      event: "progress",
      handedOver: handedOver(conversation),
      rowsWritten: stats.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
      commits: stats.reduce((sum, { commits }) => sum + commits, 0),
    });
    // Handles signals and the end of the input between rounds.
    return new Promise((resolve) => setImmediate(resolve));
  });
  const intact = isIntact(conversation);
  const accounts: AccountReport[] = [];
  for (const { account, identity } of [alice, bob]) {
    const { tables } = await account.store.snapshotDb("kept");
    accounts.push({
      name: identity.name,
      sessions: tables.find(({ table }) => table === "session")?.rows ?? 0,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  await alice.close();
  await bob.close();
  report({ event: "done", intact, accounts });
}

process.stdin.on("end", () => process.exit(1));
process.stdin.resume();
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
    process.exit(1);
  },
);
