/**
 * A process with many accounts of one file, which commit at the same time, round after round, until it is
 * killed: `node fleet.mjs <path> <accounts>`. It prints the round that each account has when it is opened, and
 * each round that is durable in all of them.
 */
import { writeSync } from "node:fs";
import { type Account, openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

/** A line of the process. */
export type FromFleet =
  | { readonly kind: "found"; readonly rounds: readonly number[] }
  | { readonly kind: "durable"; readonly round: number };

const ADDRESS = "5511999990000@c.us.0";

const [path = "", count = "0"] = process.argv.slice(2);
if (path !== "") await main();

async function main(): Promise<void> {
  const accounts: Account[] = [];
  for (let index = 0; index < Number(count); index += 1) {
    const backend = libsqlBackend({ url: `file:${path}`, account: `bot-${index}`, logger: silentLogger });
    const options = {
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    } as const;
    accounts.push(await openAccount({ backend, ...options }));
  }
  const rounds = await Promise.all(accounts.map(roundOf));
  print({ kind: "found", rounds });
  for (let round = Math.max(...rounds) + 1; ; round += 1) {
    await Promise.all(accounts.map(({ store }) => store.putSession(ADDRESS, recordOf(round))));
    print({ kind: "durable", round });
  }
}

async function roundOf({ store }: Account): Promise<number> {
  const record = await store.getSession(ADDRESS);
  return record === undefined ? 0 : new DataView(record.buffer, record.byteOffset).getUint32(0);
}

function recordOf(round: number): Uint8Array {
  const record = new Uint8Array(1_500);
  new DataView(record.buffer).setUint32(0, round);
  return record;
}

function print(line: FromFleet): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
