import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openPeer } from "../../test/baileys/holdfast_peer.ts";
import type { BenchEntry } from "../bench.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const MESSAGES = 200;

/** Rows that both sides together write for a message, in a conversation that is under way, turn by turn. */
async function rowsPerMessage(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const url = `file:${join(folder, "baileys.db")}`;
    const anna = await openPeer(ANNA, libsqlBackend({ url, account: "anna" }));
    const ben = await openPeer(BEN, libsqlBackend({ url, account: "ben" }));
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId);
    await ben.peer.receive(anna.peer, await anna.peer.send(ben.peer, "hello"));
    await anna.peer.receive(ben.peer, await ben.peer.send(anna.peer, "hello"));
    const rows = (): number => anna.account.stats().rowsWritten + ben.account.stats().rowsWritten;
    const before = rows();
    for (let number = 0; number < MESSAGES; number += 1) {
      const [from, to] = number % 2 === 0 ? [anna.peer, ben.peer] : [ben.peer, anna.peer];
      await to.receive(from, await from.send(to, `message ${number}`));
    }
    const written = rows() - before;
    await anna.account.close();
    await ben.account.close();
    return written / MESSAGES;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const entries: readonly BenchEntry[] = [
  {
    name: "baileys.rows_per_message_write_through",
    unit: "rows",
    against: "one sender's and one receiver's session, each written for each message",
    run: rowsPerMessage,
  },
];
