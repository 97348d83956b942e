/** Accounts with state of every kind move in, out and in again. */
import { expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { listAllRows, type Write } from "../../src/backend/mod.ts";
import { exportBaileysFolder, type ForeignReport, importBaileysFolder } from "../../src/exports/importers.ts";
import {
  decodeSenderKeyRecord,
  decodeSessionRecord,
  encodeSenderKeyRecord,
  encodeSessionRecord,
} from "../../src/records/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { generatedFolder } from "./generated_folder.ts";
import { memoryFolder } from "./memory_folder.ts";

const ACCOUNTS = dose({ short: 12, long: 1_000 });
const SEED = 20_261_130;

/** Messages that each move burns of a chain whose source has no lease. */
const AHEAD = 100;

interface Moved {
  readonly database: MemoryDatabase;
  readonly report: ForeignReport;
  readonly device: unknown;
  readonly rows: readonly Write[];
}

async function movedIn(
  folder: ReturnType<typeof memoryFolder>,
  chain: "burn" | "originalIsStopped" = "originalIsStopped",
): Promise<Moved> {
  const database = new MemoryDatabase();
  const backend = memoryBackend({ database });
  const report = await importBaileysFolder(backend, folder, { chain });
  const rows: Write[] = [];
  for await (const row of listAllRows(backend)) rows.push(row);
  return { database, report, device: await backend.load(), rows };
}

/** A row as text, and the next counter of its sending chain, which the text does not have. */
function normalised(row: Write): { readonly text: string; readonly next: number | undefined } {
  let next: number | undefined;
  let shown: object = row;
  if (row.kind === "session.put") {
    const record = decodeSessionRecord(row.record);
    const chainKey = record.currentSession?.senderChain?.chainKey;
    if (chainKey !== undefined && chainKey.closed !== true) {
      next = chainKey.index;
      chainKey.index = chainKey.key = undefined;
    }
    shown = { ...row, lease: undefined, record: encodeSessionRecord(record) };
  } else if (row.kind === "senderKey.put") {
    const record = decodeSenderKeyRecord(row.record);
    const [state] = record.senderKeyStates;
    if (state?.senderSigningKey?.private?.length === 32 && state.senderChainKey !== undefined) {
      next = state.senderChainKey.iteration;
      state.senderChainKey.iteration = undefined;
      state.senderChainKey.seed = new Uint8Array(32);
    }
    shown = { ...row, lease: undefined, record: encodeSenderKeyRecord(record) };
  }
  const text = JSON.stringify(shown, (_key, value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (value instanceof Map) return [...value].sort();
    return typeof value === "bigint" ? String(value) : value;
  });
  return { text, next };
}

test(`${ACCOUNTS} generated accounts are equal after import, export and import`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  let rows = 0;
  let burned = 0;
  for (let account = 0; account < ACCOUNTS; account++) {
    const label = `seed ${SEED + account}`;
    const first = await movedIn(memoryFolder(generatedFolder(SEED + account)));
    expect(first.report.skipped, label).toEqual([]);
    const middle = memoryFolder();
    const exported = await exportBaileysFolder(memoryBackend({ database: first.database }), middle);
    expect(exported.skipped, label).toEqual([]);
    const second = await movedIn(middle);
    expect(
      second.report.skipped.filter(({ reason }) => reason !== "derived"),
      label,
    ).toEqual([]);
    expect(second.device, label).toEqual(first.device);
    const [before, after] = [first.rows.map(normalised), second.rows.map(normalised)];
    expect(
      after.map(({ text }) => text),
      label,
    ).toEqual(before.map(({ text }) => text));
    for (const [at, { next }] of before.entries()) {
      if (next === undefined) continue;
      burned += 1;
      // All that a move changes: the chain continues at the bound of its lease.
      expect(after[at]?.next, label).toBe(next + AHEAD);
    }
    rows += before.length;
  }
  console.log(`${ACCOUNTS} accounts, ${rows} rows; ${burned} sending chains moved ${AHEAD} messages ahead`);
  expect(burned).toBeGreaterThan(ACCOUNTS);
});

test("a copy that was never opened sends on no chain after an export", async () => {
  let sessions = 0;
  for (let seed = SEED; seed < SEED + 10; seed++) {
    const { database } = await movedIn(memoryFolder(generatedFolder(seed)), "burn");
    const folder = memoryFolder();
    await exportBaileysFolder(memoryBackend({ database }), folder);
    for (const [name, content] of folder.files) {
      const text = new TextDecoder().decode(content);
      if (name.startsWith("session-")) {
        const record = JSON.parse(text) as { _sessions: Record<string, { indexInfo: { closed: number } }> };
        for (const { indexInfo } of Object.values(record._sessions)) expect(indexInfo.closed).not.toBe(-1);
        sessions += 1;
      }
      expect(name, "marks of a key that is given up").not.toMatch(/^sender-key-memory-/);
      if (!name.startsWith("sender-key-")) continue;
      const { data } = JSON.parse(text) as { data: string };
      const states = JSON.parse(Buffer.from(data, "base64").toString()) as {
        senderSigningKey: { private: { data: string } };
      }[];
      for (const { senderSigningKey } of states) expect(senderSigningKey.private.data).toBe("");
    }
  }
  expect(sessions).toBeGreaterThan(10);
});
