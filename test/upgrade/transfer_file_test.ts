/** Transfer files of format 1 are read by every later release. */
import { createReadStream } from "node:fs";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import { importAccount } from "../../src/transfer/mod.ts";
import { contentOf } from "../support/account/generated_account.ts";
import { DEVICE, PASSPHRASE, ROWS } from "./transfer_rows_1.ts";

describe("a transfer file of format 1", () => {
  test.each([
    ["in the clear", "transfer_1.holdfast", undefined],
    ["sealed", "transfer_1_sealed.holdfast", PASSPHRASE],
  ])("%s is imported with every row", async (_name, file, passphrase) => {
    const database = new MemoryDatabase();
    const backend = memoryBackend({ database });
    const stream = createReadStream(new URL(file, import.meta.url));
    const host = fakeHost();
    const { header } = await importAccount(backend, stream, {
      mode: "new",
      originalIsStopped: true,
      passphrase,
      host,
    });
    expect(header).toMatchObject({ kind: "export", pn: DEVICE.pn, lid: DEVICE.lid });
    const { device, rows } = await contentOf(backend);
    expect(device).toMatchObject(DEVICE);
    expect(rows.length).toBe(ROWS.length);
    for (const [index, row] of ROWS.entries()) {
      const expected =
        row.kind === "syncVersion.patch" ? { ...row, patch: { ...row.patch, generation: 0 } } : row;
      expect(rows[index]).toEqual(expected);
    }
    await (await openAccount({ backend, host })).close();
  });
});
