import { describe, expect, test } from "vitest";
import { contentOf, drawWrites, fillAccount } from "../../test/support/account/generated_account.ts";
import { dose } from "../../test/support/dose.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, ownerOfHold, readRestoreEpoch } from "../backend/mod.ts";
import { collect } from "../testing/conformance/collect.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { exportAccount } from "./export_account.ts";
import { importAccount } from "./import_account.ts";
import { readTransferFile } from "./transfer_file.ts";

const ACCOUNTS = dose({ short: 20, long: 1_000 });
const host = fakeHost();

async function* of<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function memory(): Backend {
  return memoryBackend({ database: new MemoryDatabase() });
}

describe("exportAccount and importAccount", () => {
  test(`keep every row of ${ACCOUNTS} accounts, there and back`, async () => {
    for (let seed = 1; seed <= ACCOUNTS; seed += 1) {
      const source = memory();
      await fillAccount(source, seed);
      const before = await contentOf(source);
      const middle = seed % 2 === 0 ? memory() : await libsqlBackend({ url: ":memory:" });
      const there = await importAccount(middle, exportAccount(source, { host }), { mode: "new", host });
      const target = memory();
      const back = await importAccount(target, exportAccount(middle, { host }), {
        mode: "new",
        originalIsStopped: true,
        host,
      });
      expect(await contentOf(target), String(seed)).toEqual(before);
      expect(await contentOf(source), String(seed)).toEqual(before);
      expect(back.header).toMatchObject({ kind: "export", registrationId: before.device.registrationId });
      expect(back.totals).toEqual(there.totals);
      const epochs = [await source.load(), await middle.load(), await target.load()].map((device) =>
        device === undefined ? undefined : readRestoreEpoch(device).raised,
      );
      expect(epochs).toEqual([0, 1, 1]);
      await middle.close();
    }
  });

  test("write the same file for the same account, time and randomness", async () => {
    const files: Uint8Array[][] = [];
    for (const backend of [memory(), await libsqlBackend({ url: ":memory:" })]) {
      await fillAccount(backend, 7);
      files.push(await collect(exportAccount(backend, { host: fakeHost() })));
      await backend.close();
    }
    expect(files[0]).toEqual(files[1]);
  });

  test("refuse an account that is being written to", async () => {
    const source = memory();
    await fillAccount(source, 3);
    let reads = 0;
    const written: Backend = Object.create(source, {
      listRows: {
        value: async (...args: Parameters<Backend["listRows"]>) => {
          reads += 1;
          if (reads === 18) await source.putGroupMetadata("1@g.us", new SeededRandom(1).bytes(9));
          return await source.listRows(...args);
        },
      },
      load: { value: () => source.load() },
      readOwner: { value: () => source.readOwner() },
    });
    const target = memory();
    const refused = importAccount(target, exportAccount(written, { host }), { mode: "new", host });
    await expect(refused).rejects.toMatchObject({ code: "busy" });
    expect(await target.exists()).toBe(false);
    expect(reads).toBeGreaterThan(20);
  });

  test("refuse what is not there as a whole", async () => {
    await expect(collect(exportAccount(memory(), { host }))).rejects.toMatchObject({ code: "refused" });
    for (const state of ["importing", "arriving", "moving", "moved"] as const) {
      const source = memory();
      await fillAccount(source, 3);
      const next = { owner: ownerOfHold({ state, id: "0".repeat(32) }), epoch: 2 };
      await source.commit([], { guard: { owner: "at rest+", minEpoch: 1, maxEpoch: 1, next } });
      const outcome = await collect(exportAccount(source, { host })).then(
        () => "exported",
        (error) => error.state,
      );
      expect(outcome).toBe(state === "importing" || state === "arriving" ? state : "exported");
    }
  });

  test("leave nothing in the target when the file ends early or is damaged", async () => {
    const source = memory();
    await fillAccount(source, 5);
    const pieces = await collect(exportAccount(source, { host }));
    const last = pieces.at(-1) as Uint8Array;
    const flipped = last.slice();
    flipped[flipped.length - 40] = (flipped[flipped.length - 40] ?? 0) ^ 1;
    for (const file of [pieces.slice(0, -1), [...pieces.slice(0, -1), flipped]]) {
      const target = memory();
      const refused = importAccount(target, of(file), { mode: "new", host });
      await expect(refused).rejects.toMatchObject({ name: "TransferFileError" });
      expect(await target.readOwner()).toBeUndefined();
      expect(await collect(exportAccount(target, { host })).catch((error) => error.code)).toBe("refused");
    }
  });

  test("keep the rows of a database apart", async () => {
    const database = new MemoryDatabase();
    const [one, other] = ["one", "other"].map((account) => memoryBackend({ database, account })) as [
      Backend,
      Backend,
    ];
    await fillAccount(one, 1);
    const before = await contentOf(one);
    await fillAccount(other, 2);
    await other.commit(drawWrites(new SeededRandom(9), 50));
    const target = memory();
    await importAccount(target, exportAccount(one, { host }), { mode: "new", host });
    expect(await contentOf(target)).toEqual(before);
  });

  test("read the header and the totals without an import", async () => {
    const source = memory();
    await fillAccount(source, 2);
    const records = await collect(readTransferFile(exportAccount(source, { host })));
    expect(records[0]).toMatchObject({ kind: "header", header: { createdAtMs: host.clock.nowMs() } });
    const rows = records.filter(({ kind }) => kind === "row").length;
    const totals = records.at(-1);
    expect(totals?.kind === "totals" && Object.values(totals.totals.rows).reduce((a, b) => a + b, 0)).toBe(
      rows,
    );
    expect(JSON.stringify(records[0])).not.toContain("Key");
  });
});
