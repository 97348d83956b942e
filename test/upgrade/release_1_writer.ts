/**
 * A process of the release before that goes on while a newer one opens its file:
 * `node writer.mjs <url> <account>`. It owns its account, stores one version of a collection after the other
 * as that release did, and prints each after it is stored, or `fenced`.
 */
import { writeSync } from "node:fs";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { COLLECTION, firstState } from "./changing_collection.ts";
import { release1Guard, release1PutVersion } from "./release_1.ts";

const OWNER = "release 1";

const [url = "", name = ""] = process.argv.slice(2);
const driver = await openLibsqlDriver({ url, logger: silentLogger });
const [[accountId] = []] = await driver.query("SELECT device_id FROM account WHERE name = ?", [name]);
const id = Number(accountId);
await driver.batch([
  { sql: "UPDATE account SET owner = ?, epoch = 1 WHERE device_id = ?", params: [OWNER, id] },
]);
const { indexValueMap, ...rest } = firstState();
const few = new Map([...indexValueMap].slice(0, 100));
for (let version = 1n; ; version += 1n) {
  const state = { ...rest, version, indexValueMap: few };
  try {
    await driver.batch([release1Guard(id, OWNER, 1), release1PutVersion(id, COLLECTION, state)]);
  } catch (error) {
    if (!(error instanceof FencedError)) throw error;
    writeSync(1, "fenced\n");
    break;
  }
  writeSync(1, `${version}\n`);
}
await driver.close();
