import type { Backend, Write } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { ConformanceError, check, differs, equal, fails } from "./assert.ts";
import type { ConformanceCase, ConformanceHarness } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes, secondsOf } from "./samples.ts";
import { readAll } from "./universe.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "./write_samples.ts";

const ALICE = "5511999990000@c.us.0";
const BOB = "1000200030004@lid.0";

function put(address: string, seed: number): Write {
  return { kind: "session.put", address, record: sampleBytes(seed, 30) };
}

function remove(address: string): Write {
  return { kind: "session.delete", address };
}

const orderCases: readonly ConformanceCase[] = [
  {
    name: "commit: accepts an empty list and returns an empty list",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.commit([]), [], "answer");
    },
  },
  {
    name: "commit: applies writes of one key in order",
    async run(harness) {
      const backend = await harness.open();
      await backend.commit([
        put(ALICE, 1),
        remove(ALICE),
        put(ALICE, 2),
        put(BOB, 3),
        put(BOB, 4),
        remove(BOB),
      ]);
      equal(await backend.getSessions([ALICE, BOB]), [sampleBytes(2, 30), undefined], "first commit");
      await backend.commit([remove(ALICE), put(BOB, 5), remove(BOB), put(BOB, 6), put(BOB, 7)]);
      equal(await backend.getSessions([ALICE, BOB]), [undefined, sampleBytes(7, 30)], "second commit");
    },
  },
  {
    name: "commit: keeps the order of different kinds that change one row",
    async run(harness) {
      const backend = await harness.open();
      const record = sampleBytes(1, 20);
      const jid = "1000@lid";
      await backend.commit([
        { kind: "preKey.put", id: 1, record, uploaded: false },
        { kind: "preKey.markUploaded", ids: [1, 2] },
        { kind: "preKey.put", id: 2, record, uploaded: false },
        { kind: "preKey.put", id: 3, record, uploaded: false },
        { kind: "preKey.remove", id: 3 },
        { kind: "preKey.markUploaded", ids: [3] },
        { kind: "senderKeyDevices.set", group: "g", entries: [[jid, true]] },
        { kind: "senderKeyDevices.clearAll" },
        { kind: "senderKeyDevices.set", group: "h", entries: [[jid, true]] },
        { kind: "senderKeyDevices.deleteRows", deviceJids: [jid] },
        { kind: "senderKeyDevices.set", group: "h", entries: [[jid, false]] },
        { kind: "tcToken.touchSender", jid, senderTimestamp: 5 },
        { kind: "tcToken.receive", jid, token: record, tokenTimestamp: 3 },
        { kind: "tcToken.expire", tokenCutoff: 3, senderCutoff: 4 },
        { kind: "tcToken.touchSender", jid: "gone@lid", senderTimestamp: 4 },
        { kind: "tcToken.expire", tokenCutoff: 3, senderCutoff: 4 },
      ]);
      const rows = [
        { id: 1, record, uploaded: true },
        { id: 2, record, uploaded: false },
      ];
      equal(await backend.loadPreKeys([1, 2, 3]), rows, "pre-keys");
      equal(await backend.getSenderKeyDevices("g"), [], "devices of g");
      equal(await backend.getSenderKeyDevices("h"), [[jid, false]], "devices of h");
      const token = { token: record, tokenTimestamp: 3, senderTimestamp: 5 };
      equal(await backend.getTcToken(jid), token, "token");
      equal(await backend.getTcToken("gone@lid"), undefined, "expired token");
    },
  },
  {
    name: "commit: interleaved writes leave the last write of each key",
    async run(harness) {
      const backend = await harness.open();
      const random = new SeededRandom(77);
      const addresses = Array.from({ length: 10 }, (_, index) => `${index}@lid.0`);
      const expected = new Map<string, Uint8Array | undefined>();
      const writes = Array.from({ length: 600 }, (_, seed): Write => {
        const address = random.pick(addresses);
        const write = random.oneIn(3) ? remove(address) : put(address, seed);
        expected.set(address, write.kind === "session.put" ? write.record : undefined);
        return write;
      });
      await backend.commit(writes);
      const sessions = await backend.getSessions(addresses);
      equal(
        sessions,
        addresses.map((address) => expected.get(address)),
        "sessions",
      );
    },
  },
];

const countCases: readonly ConformanceCase[] = [
  {
    name: "commit: returns the number of rows that each write changed",
    requires: ["changedRows"],
    async run(harness) {
      const backend = await harness.open();
      const message = { chat: "c", sender: "s" };
      const changed = await backend.commit([
        put(ALICE, 1),
        put(BOB, 2),
        remove(ALICE),
        remove(ALICE),
        { kind: "senderKeyDevices.set", group: "g", entries: ["a", "b", "c"].map((jid) => [jid, true]) },
        { kind: "senderKeyDevices.deleteRows", deviceJids: ["a", "b", "z"] },
        { kind: "senderKeyDevices.clear", group: "g" },
        { kind: "senderKeyDevices.clear", group: "g" },
        {
          kind: "pendingInbound.put",
          rows: [{ ...message, id: "1", payload: sampleBytes(1, 5), receivedAt: 1 }],
        },
        { kind: "pendingInbound.delete", keys: ["1", "2"].map((id) => ({ ...message, id })) },
        { kind: "sentMessage.delete", chat: "c", id: "absent" },
        { kind: "preKey.markUploaded", ids: [1, 2] },
      ]);
      equal(changed, [1, 1, 1, 0, 3, 2, 1, 0, 1, 1, 0, 0], "rows changed");
    },
  },
  {
    name: "commit: reports for each of many removals whether its row existed",
    requires: ["changedRows"],
    async run(harness) {
      const backend = await harness.open();
      // More keys than one statement can bind. Every seventh key occurs twice.
      const ids = Array.from({ length: 150 }, (_, n) => n - (n % 7 === 6 ? 1 : 0));
      const there = new Set(ids.filter((id) => id % 3 !== 0));
      const record = sampleBytes(1, 20);
      await backend.commit([
        ...[...there].map((id) => put(`${id}@lid.0`, id)),
        ...[...there].map((id): Write => ({ kind: "preKey.put", id: id + 1, record, uploaded: false })),
        ...[...there].map(
          (id): Write => ({
            ...{ kind: "sentMessage.put", chat: `c${id % 2}`, id: `${id}`, payload: record, createdAt: 1 },
          }),
        ),
      ]);
      const changed = await backend.commit([
        ...ids.map((id) => remove(`${id}@lid.0`)),
        ...ids.map((id): Write => ({ kind: "preKey.remove", id: id + 1 })),
        ...ids.map((id): Write => ({ kind: "sentMessage.delete", chat: `c${id % 2}`, id: `${id}` })),
      ]);
      const expected = ids.map((id) => (there.delete(id) ? 1 : 0));
      equal(changed, [...expected, ...expected, ...expected], "rows");
      equal(await backend.getMaxPreKeyId(), 0, "greatest pre-key id");
    },
  },
  {
    name: "commit: returns one number for each write",
    async run(harness) {
      const backend = await harness.open();
      const draw = { random: new SeededRandom(3), nowS: secondsOf(harness.clock) };
      const writes = WRITE_KINDS.map((kind) => drawWrite(kind, draw));
      const changed = await backend.commit(writes);
      equal(changed.length, writes.length, "how many numbers");
      check(
        changed.every((rows) => Number.isInteger(rows) && rows >= 0),
        `rows changed are ${changed.join()}`,
      );
    },
  },
];

const togetherCases: readonly ConformanceCase[] = [
  {
    name: "commit: applies every kind of write, idempotently",
    async run(harness) {
      const backend = await harness.open();
      const draw = { random: new SeededRandom(11), nowS: secondsOf(harness.clock) };
      const puts = [...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, draw));
      await backend.commit(puts);
      const first = await readAll(backend);
      await backend.commit(puts);
      equal(await readAll(backend), first, "contents after the second time");
      await afterEachRestart(harness, backend, async (open) => equal(await readAll(open), first, "contents"));
    },
  },
  {
    name: "commit: applies concurrent commits atomically, in some order",
    requires: ["atomicCommit"],
    async run(harness) {
      const backend = await harness.open();
      const other = await harness.open();
      const pair = (open: Backend, seed: number) => open.commit([put(ALICE, seed), put(BOB, seed)]);
      const calls = Array.from({ length: 20 }, (_, seed) => pair(seed % 2 === 0 ? backend : other, seed));
      const results = await Promise.allSettled(calls);
      // Two processes on one file may find it busy. Any other failure is wrong.
      for (const result of results) {
        if (result.status === "rejected") await fails(() => Promise.reject(result.reason), "busy", "commit");
      }
      check(
        results.some((result) => result.status === "fulfilled"),
        "no commit was applied",
      );
      const [alice, bob] = await backend.getSessions([ALICE, BOB]);
      equal(alice, bob, "the two sessions of one commit");
    },
  },
  {
    name: "commit: applies nothing if a write in the middle is invalid",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession(ALICE, sampleBytes(1, 30));
      const before = await readAll(backend);
      const bad: Write[] = [
        { kind: "session.put", address: "", record: sampleBytes(1, 3) },
        { kind: "session.put", address: BOB, record: "text" as unknown as Uint8Array },
        { kind: "nonsense.put" } as unknown as Write,
      ];
      for (const write of bad) {
        await fails(() => backend.commit([remove(ALICE), write, put(BOB, 2)]), "TypeError", "commit");
      }
      const short: Write = { kind: "identity.put", address: BOB, key: sampleBytes(1, 31) };
      await fails(() => backend.commit([remove(ALICE), short]), "RangeError", "commit");
      equal(await readAll(backend), before, "contents");
    },
  },
];

/**
 * Whether a commit was applied that the harness may have made to fail. It must fail with an error of a
 * commit.
 */
async function succeeds(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    await fails(() => Promise.reject(error), ["failed", "refused"], "a commit that was made to fail");
    return false;
  }
}

/** Counts the statements at which a commit can fail, in an account of its own. */
async function countStatements(
  harness: ConformanceHarness,
  filling: readonly Write[],
  writes: readonly Write[],
): Promise<number> {
  const backend = await harness.open("counting");
  await backend.commit(filling);
  const failsAt = async (index: number): Promise<boolean> => {
    harness.failCommitAt?.(index);
    return !(await succeeds(backend.commit(writes)));
  };
  check(await failsAt(2), "the commit does not fail at its third statement");
  if (await failsAt(1_000)) {
    throw new ConformanceError("count statements: the commit still fails at its thousandth statement");
  }
  // A commit fails at each of its statements and at no later one.
  let [last, end] = [2, 1_000];
  while (end - last > 1) {
    const middle = (last + end) >> 1;
    if (await failsAt(middle)) last = middle;
    else end = middle;
  }
  return end;
}

const atomicityCases: readonly ConformanceCase[] = [
  {
    name: "commit: applies nothing if any statement fails, and can be resent",
    requires: ["atomicCommit", "failCommitAt"],
    async run(harness) {
      let backend = await harness.open();
      const draw = { random: new SeededRandom(29), nowS: secondsOf(harness.clock) };
      const filling = PUTTING_KINDS.map((kind) => drawWrite(kind, draw));
      const writes = WRITE_KINDS.map((kind) => drawWrite(kind, draw));
      const statements = await countStatements(harness, filling, writes);
      await backend.commit(filling);
      const before = await readAll(backend);
      for (let index = 0; index < statements; index += 1) {
        harness.failCommitAt?.(index);
        check(!(await succeeds(backend.commit(writes))), `the commit did not fail at statement ${index}`);
        // A row that one of these commits left behind would stay, so a check every eighth time finds it.
        if (index % 8 !== 0 && index !== statements - 1) continue;
        equal(await readAll(backend), before, `contents after failing at each statement up to ${index}`);
        if (index % 24 === 8) backend = await harness.reopen();
      }
      await backend.commit(writes);
      const after = await readAll(backend);
      check(differs(after, before), "the commit changed nothing");
      await afterEachRestart(harness, backend, async (open) => equal(await readAll(open), after, "contents"));
    },
  },
  {
    name: "commit: a failed commit leaves nothing behind after a crash",
    requires: ["atomicCommit", "failCommitAt", "durableOnResolve"],
    async run(harness) {
      const backend = await harness.open();
      await backend.commit([put(ALICE, 1), put(BOB, 1)]);
      harness.failCommitAt?.(1);
      // These kinds use separate tables, so that no multi-row statement holds two of them.
      const writes: Write[] = [
        put(ALICE, 2),
        { kind: "identity.put", address: ALICE, key: sampleBytes(2, 32) },
        { kind: "preKey.put", id: 1, record: sampleBytes(2, 9), uploaded: false },
      ];
      check(!(await succeeds(backend.commit(writes))), "the commit did not fail");
      const crashed = await harness.crash();
      equal(await crashed.getSession(ALICE), sampleBytes(1, 30), "session");
      equal(await crashed.loadIdentity(ALICE), undefined, "identity");
      equal(await crashed.loadPreKey(1), undefined, "pre-key");
      await crashed.commit(writes);
      equal(await crashed.getSession(ALICE), sampleBytes(2, 30), "session, sent again");
    },
  },
];

/** Guarantees of `commit` for several writes. */
export const commitCases: readonly ConformanceCase[] = [
  ...orderCases,
  ...countCases,
  ...togetherCases,
  ...atomicityCases,
];
