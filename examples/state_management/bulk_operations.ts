/**
 * Bulk operations: many changes, one commit.
 *
 * - Many fields of the device: one `modifyDevice`, so that readers see all of them or none.
 * - Many rows: one call with a list, or one `commitWith`, which lands together with all dirty items.
 * - Rows that the device counts or refers to: `modifyDevice` with `writes`. They land in the same commit as
 *   the changed device.
 *
 * In a project of your own the imports are `@holdfast/store` and `@holdfast/store/memory`.
 */
import { openAccount, type Write } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";

await using account = await openAccount({ backend: memoryBackend() });
const opened = account.stats().commits;

// Pairing sets several fields: one modification, one dirty item.
account.device.modifyDevice((draft) => {
  draft.pn = "5511999990000:3@s.whatsapp.net";
  draft.lid = "100000000000001:3@lid";
  draft.platform = "android";
  draft.pushName = "Alice";
});

// Two hundred rows together with the device: one commit, all or nothing.
const mappings = Array.from({ length: 200 }, (_, index) => ({
  lid: `1000000000${String(index).padStart(5, "0")}`,
  phoneNumber: `55119${String(index).padStart(8, "0")}`,
  createdAt: 1_700_000_000 + index,
  updatedAt: 1_700_000_000 + index,
  learningSource: "usync" as const,
}));
const [rows] = await account.commitWith([{ kind: "lidMapping.put", entries: mappings }]);

// A counter in the device and the rows that it counts: they land together or not at all.
const writes = [1, 2, 3].map(
  (id): Write => ({
    kind: "sentMessage.put",
    chat: "120363000000000001@g.us",
    id: String(id),
    payload: new Uint8Array([id]),
    createdAt: 1_700_000_000,
  }),
);
account.device.modifyDevice(
  (draft) => {
    draft.extra.set("outbox.last", new Uint8Array([3]));
  },
  { writes },
);
await account.flush();

/** The cost of these operations. */
export const cost: { readonly mappings: number | undefined; readonly commits: number } = {
  mappings: rows,
  commits: account.stats().commits - opened,
};
console.log(`${cost.mappings} mappings, 3 messages and 5 device fields in ${cost.commits} commits`);
