import { check, equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

const ALICE = "5511999990000@c.us.0";
const ALICE_PHONE_7 = "5511999990000:7@c.us.0";
const BOB = "1000200030004@lid.0";
const NAME = `120363000000000001@g.us:${ALICE}`;

/** Identities, sessions and sender keys. */
export const signalRecordCases: readonly ConformanceCase[] = [
  {
    name: "identity: returns the last put until it is deleted",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.loadIdentity(ALICE), undefined, "before");
      await backend.putIdentity(ALICE, sampleBytes(1, 32));
      await backend.putIdentity(BOB, sampleBytes(2, 32));
      await backend.putIdentity(ALICE, sampleBytes(3, 32));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadIdentity(ALICE), sampleBytes(3, 32), "replaced");
        equal(await open.loadIdentity(BOB), sampleBytes(2, 32), "other address");
        equal(await open.loadIdentity(ALICE_PHONE_7), undefined, "other device");
        equal(
          await open.loadIdentities([BOB, ALICE_PHONE_7, ALICE, BOB]),
          [sampleBytes(2, 32), undefined, sampleBytes(3, 32), sampleBytes(2, 32)],
          "many, in their order",
        );
      });
      await backend.deleteIdentity(ALICE);
      await backend.deleteIdentity(ALICE);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadIdentity(ALICE), undefined, "deleted");
        equal(await open.loadIdentity(BOB), sampleBytes(2, 32), "other address");
      });
    },
  },
  {
    name: "session: returns the last put until it is deleted",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.getSession(ALICE), undefined, "before");
      check(!(await backend.hasSession(ALICE)), "has a session before the first put");
      await backend.putSession(ALICE, sampleBytes(1, 900));
      await backend.putSession(ALICE_PHONE_7, sampleBytes(2, 1));
      await backend.putSession(ALICE, sampleBytes(3, 1_500));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSession(ALICE), sampleBytes(3, 1_500), "replaced");
        equal(await open.getSession(ALICE_PHONE_7), sampleBytes(2, 1), "other device");
        check(await open.hasSession(ALICE), "has no session");
        equal(await open.getSession(BOB), undefined, "other address");
      });
      await backend.deleteSession(ALICE);
      await backend.deleteSession(ALICE);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSession(ALICE), undefined, "deleted");
        check(!(await open.hasSession(ALICE)), "still has a session");
        check(await open.hasSession(ALICE_PHONE_7), "the other device lost its session");
      });
    },
  },
  {
    name: "session: keeps the bytes of a record",
    async run(harness) {
      const backend = await harness.open();
      const records = [
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        new Uint8Array(1_000),
        new Uint8Array(17).fill(255),
        new TextEncoder().encode("'); --\0🙂"),
        new Uint8Array([0]),
      ];
      for (const [index, record] of records.entries()) await backend.putSession(`${index}@lid.0`, record);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSessions(records.map((_, index) => `${index}@lid.0`)), records, "records");
      });
    },
  },
  {
    name: "session: getSessions returns results in order, with repeats",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession(ALICE, sampleBytes(1, 40));
      await backend.putSession(BOB, sampleBytes(2, 40));
      const asked = [BOB, "nobody@lid.0", ALICE, BOB, ALICE_PHONE_7, ALICE];
      const [alice, bob] = [sampleBytes(1, 40), sampleBytes(2, 40)];
      equal(await backend.getSessions(asked), [bob, undefined, alice, bob, undefined, alice], "sessions");
      equal(await backend.getSessions([]), [], "sessions of nobody");
    },
  },
  {
    name: "sender key: returns the last put until it is deleted",
    async run(harness) {
      let backend = await harness.open();
      await backend.putSession(NAME, sampleBytes(9, 30));
      equal(await backend.getSenderKey(NAME), undefined, "a session of the same name is no sender key");
      await backend.putSenderKey(NAME, sampleBytes(1, 300));
      await backend.putSenderKey(NAME, sampleBytes(2, 200));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSenderKey(NAME), sampleBytes(2, 200), "replaced");
        equal(
          await open.getSenderKey(`120363000000000002@g.us:${ALICE}`),
          undefined,
          "same sender, other group",
        );
      });
      await backend.deleteSenderKey(NAME);
      await backend.deleteSenderKey(NAME);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSenderKey(NAME), undefined, "deleted");
        equal(await open.getSession(NAME), sampleBytes(9, 30), "session of the same name");
      });
    },
  },
];
