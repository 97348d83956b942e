/**
 * A process of its own that opens a file of the release before and changes app state until it is killed:
 * `node upgrader.mjs <url> [<commit>]`. It prints `ready` before it opens the file, and then each version of
 * the collection after its `set` resolved. With a number it kills itself after that commit.
 */
import { writeSync } from "node:fs";
import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { COLLECTION, type Collection, nextState, UPGRADED } from "./changing_collection.ts";

const [url = "", lastCommit = "0"] = process.argv.slice(2);
writeSync(1, "ready\n");
const driver = await openLibsqlDriver({ url, logger: silentLogger });
let commits = 0;
const dying: SqlDriver = {
  ...driver,
  async batch(statements) {
    const results = await driver.batch(statements);
    commits += 1;
    if (commits === Number(lastCommit)) process.kill(process.pid, "SIGKILL");
    return results;
  },
};
const account = await openAccount({ backend: openSqliteBackend(dying, { account: UPGRADED }) });
const { keys } = (await baileysAuthState(account)).state;
for (;;) {
  const stored = await keys.get("app-state-sync-version", [COLLECTION]);
  const next = nextState(stored[COLLECTION] as Collection);
  await keys.set({ "app-state-sync-version": { [COLLECTION]: next } });
  writeSync(1, `${next.version}\n`);
}
