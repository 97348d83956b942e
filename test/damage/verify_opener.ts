/**
 * A process of its own that verifies damaged copies of a database as `holdfast verify` does, since some
 * damage might end the process: `node verify_opener.mjs <base file> <folder> <damages file> <from> <to>`. It
 * prints the number of each damage before it looks at the copy, and what was found after that.
 */

import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { findNativeLibrary } from "../../src/adapters/libsql/native_library.ts";
import { openForReading } from "../../src/adapters/libsql/open_for_reading.ts";
import { checkIntegrity, openSqliteReader } from "../../src/adapters/sqlite/mod.ts";
import { openFileForReading } from "../../src/adapters/sqlite_file/mod.ts";
import { listAllRows } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { verifyAccount } from "../../src/verify/mod.ts";
import { ACCOUNT, type Damage, damaged } from "./damages.ts";

const [base = "", folder = "", list = "", from = "0", to = "0"] = process.argv.slice(2);
const raw = readFileSync(base);
const damages = JSON.parse(readFileSync(list, "utf8")) as Damage[];
const { library } = findNativeLibrary();
if (library === undefined) throw new Error("the native library is missing");
const open = openForReading(library);

/** What is found of a copy, and what can be read of it: a digest of all rows, and one of their keys. */
async function outcomeOf(path: string): Promise<object> {
  try {
    const driver = await openFileForReading({ path, logger: silentLogger, open });
    try {
      const reader = await openSqliteReader(driver, "copy");
      const found = (await checkIntegrity(driver)).map(({ kind, detail }) => `${kind} ${detail}`);
      const names = (await reader.listAccounts()).map(({ account }) => account);
      const reads = reader.account(ACCOUNT);
      const report = await verifyAccount(reads);
      const findings = report.findings.map(({ code, table, key }) => `${table} ${code} ${key}`);
      const [content, keys] = [createHash("sha256"), createHash("sha256")];
      content.update(textOf([names, await reads.load()]));
      for await (const row of listAllRows(reads, { onUnreadable: () => {} })) {
        content.update(textOf(row));
        keys.update(textOf({ ...row, record: undefined, key: undefined, lease: undefined }));
      }
      return { found: [...found, ...findings], content: content.digest("hex"), keys: keys.digest("hex") };
    } finally {
      await driver.close();
    }
  } catch (error) {
    return { error: (error as Error).name };
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part instanceof Map ? [...part] : typeof part === "bigint" ? String(part) : part,
  );
}

for (let index = Number(from); index < Number(to); index += 1) {
  writeSync(1, `${index}\n`);
  const path = join(folder, `v${index}.db`);
  writeFileSync(path, damaged(raw, damages[index] as Damage));
  const outcome = await outcomeOf(path);
  for (const end of ["", "-wal", "-shm", "-journal", "-witness"]) rmSync(`${path}${end}`, { force: true });
  writeSync(1, `${index} ${JSON.stringify(outcome)}\n`);
}
process.exit(0);
