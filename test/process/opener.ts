/**
 * A process that opens accounts of a file, waits for the end of its input, and closes them:
 * `node opener.mjs <url> <account>…`. It prints the restore epoch of each account, a line of JSON each.
 */
import { writeSync } from "node:fs";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

const [url = "", ...names] = process.argv.slice(2);
if (url !== "") await main();

async function main(): Promise<void> {
  const accounts = [];
  for (const account of names) {
    const backend = libsqlBackend({ url, account, logger: silentLogger });
    const opened = await openAccount({ backend, host: { logger: silentLogger } });
    accounts.push(opened);
    writeSync(1, `${JSON.stringify({ account, epoch: opened.signalPolicy.restoreEpoch })}\n`);
  }
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on("end", resolve));
  for (const account of accounts) await account.close();
}
