/**
 * As test/process/contender.ts, over files alone: `node release_contender.mjs <file: URL> <accounts> <seed>`.
 * It is compiled with the sources of this release, and with those of the one before.
 */
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { contendAccounts } from "../process/contending.ts";

const [url = "", accounts = "0", seed = "0"] = process.argv.slice(2);
await contendAccounts({
  accounts: Number(accounts),
  seed: Number(seed),
  open: async (number) => await libsqlBackend({ url, account: `bot-${number}`, logger: silentLogger }),
});
