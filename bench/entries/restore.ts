import { join } from "node:path";
import Database from "libsql";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { restoreCopies } from "../../test/process/restored_copies.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { accountClient, inFolder, sends, writtenBy } from "../support/conversation.ts";
import { quietly } from "../support/quietly.ts";

const RESTORES = 200;
const SEED = 1;
const MESSAGES = 1_000;

async function keysReused(): Promise<number> {
  const restoreConsole = quietly();
  try {
    const { reused, noticed } = await restoreCopies(RESTORES, SEED);
    if (noticed !== RESTORES) throw new Error(`${RESTORES - noticed} copies were not noticed`);
    return reused;
  } finally {
    restoreConsole();
  }
}

/** Raises of the pair in a file, from a new account to a clean close. Each is one row. */
function raises(afterMs: number): Promise<number> {
  return inFolder(async (folder) => {
    const path = join(folder, "witnessed.db");
    const clock = new FakeClock();
    const client = await accountClient(libsqlBackend({ url: `file:${path}`, clock }));
    const advance = async (ms: number): Promise<void> => {
      clock.advance(ms);
      await client.advance(ms);
    };
    await writtenBy({ ...client, advance }, sends(MESSAGES, afterMs));
    const database = new Database(path);
    const [[counter] = []] = database.prepare("SELECT counter FROM holdfast_file").raw().all() as number[][];
    database.close();
    return counter ?? 0;
  });
}

export const entries: readonly BenchEntry[] = [
  {
    name: "restore.keys_reused",
    kind: "count",
    isLong: true,
    unit: "keys",
    limit: { max: 0 },
    against: "200 copies of files that are put back and sent from, made while the account is open or closed",
    run: keysReused,
  },
  {
    name: "restore.witness_rows_per_1000_sends",
    kind: "count",
    unit: "rows",
    limit: { max: 45 },
    against:
      "rows of the witness, which are apart from those of messages: a message at once, 20 a second, one a second",
    run: async () => ({
      burst: await raises(0),
      at_20_per_s: await raises(50),
      at_1_per_s: await raises(1_000),
    }),
  },
];
