/**
 * A process of its own that reads a damaged registry: `node reader.mjs <path> <account>`. It prints the name
 * of the error of each read, or `read`.
 */
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger, systemClock } from "../../src/ports/mod.ts";
import { SqlRegistry } from "../../src/service/mod.ts";

const [path = "", account = ""] = process.argv.slice(2);
const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
const registry = await SqlRegistry.open(driver, systemClock);
const page = { after: undefined, limit: 10 };
const reads = [
  () => registry.listAccounts(page),
  () => registry.listTokens(undefined, page),
  () => registry.admit("token", account),
];
for (const read of reads) {
  const word = await read().then(
    () => "read",
    (error: Error) => error.name,
  );
  process.stdout.write(`${word}\n`);
}
process.exit(0);
