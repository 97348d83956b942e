import type { Backend, Write } from "../../backend/mod.ts";
import { check, equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { sampleBytes } from "./samples.ts";

const KEY = sampleBytes(1, 32);
const RECORD = sampleBytes(2, 50);
const GROUP = "120363000000000001@g.us";

async function expectUsers(backend: Backend, users: Readonly<Record<string, boolean>>): Promise<void> {
  for (const [user, expected] of Object.entries(users)) {
    check(
      (await backend.hasSignalStateForUser(user)) === expected,
      `user ${user}: expected ${expected ? "some" : "no"} state`,
    );
  }
}

/** Finding the Signal state of a user: the part of an address before `:` or `@`. */
export const signalUserCases: readonly ConformanceCase[] = [
  {
    name: "signal user: finds a session, identity or sender key of any device",
    async run(harness) {
      const backend = await harness.open();
      await expectUsers(backend, { "1000": false });
      await backend.putSession("1000@lid.0", RECORD);
      await backend.putSession("1001:7@c.us.0", RECORD);
      await backend.putIdentity("1002:3@hosted.lid.0", KEY);
      await backend.putSenderKey(`${GROUP}:1003:5@lid.0`, RECORD);
      await expectUsers(backend, { "1000": true, "1001": true, "1002": true, "1003": true });
      await backend.deleteSession("1000@lid.0");
      await backend.deleteSession("1001:7@c.us.0");
      await backend.deleteIdentity("1002:3@hosted.lid.0");
      await backend.deleteSenderKey(`${GROUP}:1003:5@lid.0`);
      await expectUsers(backend, { "1000": false, "1001": false, "1002": false, "1003": false });
    },
  },
  {
    name: "signal user: compares the whole user part",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession("1000200:7@lid.0", RECORD);
      await backend.putIdentity("user_1@lid.0", KEY);
      await backend.putSenderKey(`${GROUP}:5511@c.us.0`, RECORD);
      const absent = [
        "1000",
        "10002001",
        "1000200:7",
        "7",
        "lid",
        "0",
        "%",
        "1000200%",
        "_000200",
        "1000200@lid",
      ];
      absent.push("userx1", "user%", "USER_1", "user", GROUP, "120363000000000001", `${GROUP}:5511`);
      await expectUsers(backend, Object.fromEntries(absent.map((user) => [user, false])));
      await expectUsers(backend, { "1000200": true, user_1: true, "5511": true });
    },
  },
  {
    name: "signal user: a non-canonical address belongs to no other user",
    async run(harness) {
      const backend = await harness.open();
      const hostile = ["user:1", "user:1:2@lid.0", "user@", "user@nowhere.0", "user'@lid", "user:@lid.0"];
      for (const address of hostile) await backend.putSession(address, RECORD);
      for (const name of ["user", "user:5511@c.us.0", "@g.us:user"]) await backend.putSenderKey(name, RECORD);
      equal(await backend.listSignalAddresses(["5511"]), [], "addresses of 5511");
      const found = await backend.listSignalAddresses(["user"]);
      equal(found, [{ kind: "senderKey", address: "user" }], "addresses of user");
    },
  },
  {
    name: "signal user: listSignalAddresses sorts by address and then by kind",
    async run(harness) {
      const backend = await harness.open();
      const writes: Write[] = [
        { kind: "session.put", address: "1000:7@lid.0", record: RECORD },
        { kind: "identity.put", address: "1000:7@lid.0", key: KEY },
        { kind: "session.put", address: "1000@lid.0", record: RECORD },
        { kind: "session.put", address: "1000:10@lid.0", record: RECORD },
        { kind: "session.put", address: "1000@c.us.0", record: RECORD },
        { kind: "senderKey.put", name: `${GROUP}:1000:7@lid.0`, record: RECORD },
        { kind: "identity.put", address: "2000@lid.0", key: KEY },
        { kind: "session.put", address: "10@lid.0", record: RECORD },
        { kind: "session.put", address: "3000@lid.0", record: RECORD },
      ];
      await backend.commit(writes);
      const expected = [
        { kind: "session", address: "1000:10@lid.0" },
        { kind: "identity", address: "1000:7@lid.0" },
        { kind: "session", address: "1000:7@lid.0" },
        { kind: "session", address: "1000@c.us.0" },
        { kind: "session", address: "1000@lid.0" },
        { kind: "senderKey", address: `${GROUP}:1000:7@lid.0` },
        { kind: "identity", address: "2000@lid.0" },
      ];
      equal(await backend.listSignalAddresses(["2000", "1000", "nobody", "1000"]), expected, "addresses");
      equal(await backend.listSignalAddresses([]), [], "addresses of nobody");
    },
  },
];
