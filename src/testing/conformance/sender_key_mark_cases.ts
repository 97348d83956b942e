import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";

const FAMILY = "120363000000000001@g.us";
const WORK = "120363000000000002@g.us";

/** Marks of devices that hold our sender key of a group. */
export const senderKeyMarkCases: readonly ConformanceCase[] = [
  {
    name: "sender-key devices: are set, changed and read by group, by JID",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getSenderKeyDevices(FAMILY), [], "before");
      await backend.setSenderKeyStatus(FAMILY, [
        ["\uffff@lid", true],
        ["🙂@lid", true],
        ["1000:2@lid", true],
        ["1000:10@lid", false],
        ["1000@lid", true],
      ]);
      await backend.setSenderKeyStatus(WORK, [["1000:2@lid", false]]);
      await backend.setSenderKeyStatus(FAMILY, [
        ["1000:10@lid", true],
        ["1000@lid", false],
        ["1000:2@lid", false],
        ["1000:2@lid", true],
      ]);
      await backend.setSenderKeyStatus(FAMILY, []);
      await afterEachRestart(harness, backend, async (open) => {
        const family = [
          ["1000:10@lid", true],
          ["1000:2@lid", true],
          ["1000@lid", false],
          ["\uffff@lid", true],
          ["🙂@lid", true],
        ];
        equal(await open.getSenderKeyDevices(FAMILY), family, "family");
        equal(await open.getSenderKeyDevices(WORK), [["1000:2@lid", false]], "work");
      });
    },
  },
  {
    name: "sender-key devices: clearing affects one group or all",
    async run(harness) {
      const backend = await harness.open();
      await backend.setSenderKeyStatus(FAMILY, [["1000@lid", true]]);
      await backend.setSenderKeyStatus(WORK, [["1000@lid", true]]);
      await backend.clearSenderKeyDevices(FAMILY);
      await backend.clearSenderKeyDevices("120363@g.us");
      equal(await backend.getSenderKeyDevices(FAMILY), [], "family, cleared");
      equal(await backend.getSenderKeyDevices(WORK), [["1000@lid", true]], "work, not cleared");
      await backend.setSenderKeyStatus(FAMILY, [["1000@lid", false]]);
      await backend.clearAllSenderKeyDevices();
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSenderKeyDevices(FAMILY), [], "family");
        equal(await open.getSenderKeyDevices(WORK), [], "work");
      });
    },
  },
  {
    name: "sender-key devices: deleting rows removes this JID in every group",
    async run(harness) {
      const backend = await harness.open();
      const jids = ["1000:1@lid", "1000:10@lid", "1000@lid", "1000:1@s.whatsapp.net", "100:1@lid", "%:1@lid"];
      for (const group of [FAMILY, WORK]) {
        await backend.setSenderKeyStatus(
          group,
          jids.map((jid) => [jid, true] as const),
        );
      }
      await backend.deleteSenderKeyDeviceRows(["1000:1@lid", "%:1@lid", "2000@lid"]);
      await backend.deleteSenderKeyDeviceRows([]);
      const left = ["1000:10@lid", "1000:1@s.whatsapp.net", "1000@lid", "100:1@lid"].map((jid) => [
        jid,
        true,
      ]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSenderKeyDevices(FAMILY), left, "family");
        equal(await open.getSenderKeyDevices(WORK), left, "work");
      });
    },
  },
];
