/**
 * A process of its own that opens damaged copies of a database, since some damage might end the process:
 * `node opener.mjs <library> <base file> <folder> <damages file> <from> <to>`. It prints the number of each
 * damage before it opens the copy, and what became of the account after that.
 */

import { readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { hexOf } from "../../src/bytes/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { ACCOUNT, type Damage, damaged, GROUP, type Library, OWN_SENDER_KEY, SESSIONS } from "./damages.ts";

const [library, base = "", folder = "", list = "", from = "0", to = "0"] = process.argv.slice(2);
const raw = readFileSync(base);
const damages = JSON.parse(readFileSync(list, "utf8")) as Damage[];

async function open(path: string): Promise<Backend> {
  if ((library as Library) === "node") {
    return await nodeSqliteBackend({ path, account: ACCOUNT, logger: silentLogger });
  }
  const native = library === "client" ? false : undefined;
  return await libsqlBackend({ url: `file:${path}`, account: ACCOUNT, native, logger: silentLogger });
}

/** The result of a read, in a word. */
async function wordOf(read: () => Promise<unknown>): Promise<string> {
  try {
    const answer = await read();
    return answer === undefined || answer === false ? "absent" : "there";
  } catch (error) {
    return (error as Error).name;
  }
}

async function outcomeOf(path: string): Promise<object> {
  let account: Awaited<ReturnType<typeof openAccount>>;
  try {
    account = await openAccount({
      backend: () => open(path),
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    });
  } catch (error) {
    return { error: (error as Error).name, message: (error as Error).message };
  }
  const { store, device } = account;
  const all = async () => {
    for await (const _ of store.getAllLidMappings());
  };
  const outcome = {
    identity: hexOf(device.getDeviceSnapshot().identityKey.publicKey),
    senderKey: await wordOf(() => store.loadSenderKeyRow(OWN_SENDER_KEY)),
    session: await wordOf(() => store.loadSessionRow(SESSIONS[0] ?? "")),
    sessions: await wordOf(async () =>
      (await store.loadSessionRows(SESSIONS)).every((row) => row !== undefined),
    ),
    preKey: await wordOf(() => store.loadPreKey(1)),
    mappings: await wordOf(all),
    marks: await wordOf(() => store.getSenderKeyDevices(GROUP)),
    quarantined: await wordOf(() => store.listQuarantined()),
    accounts: await wordOf(() => store.listAccounts()),
    addresses: await wordOf(() =>
      store.listSignalAddresses(SESSIONS.map((address) => address.split("@")[0] ?? "")),
    ),
    removed: await wordOf(() => store.deleteSession(SESSIONS[1] ?? "")),
    closed: await wordOf(() => account.close()),
  };
  return outcome;
}

for (let index = Number(from); index < Number(to); index += 1) {
  writeSync(1, `${index}\n`);
  const path = join(folder, `${index}.db`);
  writeFileSync(path, damaged(raw, damages[index] as Damage));
  const outcome = await outcomeOf(path);
  for (const end of ["", "-wal", "-shm", "-journal", "-witness"]) rmSync(`${path}${end}`, { force: true });
  writeSync(1, `${index} ${JSON.stringify(outcome)}\n`);
}
process.exit(0);
