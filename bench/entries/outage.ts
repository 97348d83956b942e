import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../../src/testing/mod.ts";
import { type HoldfastPeer, openPeer } from "../../test/baileys/holdfast_peer.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { quietly } from "../support/quietly.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";

/** Refused messages to one peer and to one group while the database is unreachable. */
const REFUSED = 5_000;

/** Messages to each afterwards. */
const AFTER = 10;

/**
 * Number of messages after an outage that the peer cannot read, although the account treats the session or
 * key as usable.
 */
async function unreadableAfter(refused: number): Promise<number> {
  const restore = quietly();
  try {
    const plan = new FaultPlan();
    const host = fakeHost();
    const backend = faultyCommitter(memoryBackend({ database: new MemoryDatabase() }), plan);
    const anna = await openPeer(ANNA, backend, { host });
    const ben = await openPeer(BEN, memoryBackend());
    await anna.peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId);
    if ((await unreadable(anna, ben)) > 0) throw new Error("the peer reads nothing");
    plan.always(new BackendError("commit: unreachable"));
    for (const send of [
      (): Promise<unknown> => anna.peer.send(ben.peer, "text"),
      (): Promise<unknown> => anna.peer.sendToGroup(GROUP, "text"),
    ]) {
      for (let count = 0; count < refused; ) await send().catch(() => (count += 1));
    }
    plan.always("pass");
    await host.scheduler.advance(60_000);
    let lost = 0;
    for (let count = 0; count < AFTER; count += 1) lost += await unreadable(anna, ben);
    for (const { account } of [anna, ben]) await account.close();
    return lost;
  } finally {
    restore();
  }
}

/**
 * Sends one message to the peer and one to the group, and counts those that it cannot read. Sets up new
 * sessions and keys as Baileys does.
 */
async function unreadable(anna: HoldfastPeer, ben: HoldfastPeer): Promise<number> {
  const { peer, keys } = anna;
  if (!(await peer.repository.validateSession(BEN)).exists) {
    await peer.greet(ben.peer, ben.peer.creds.firstUnuploadedPreKeyId + 1);
  }
  const frame = await peer.send(ben.peer, "direct");
  const direct = await ben.peer.receive(peer, frame).catch(() => undefined);
  const { [GROUP]: marks } = await keys.get("sender-key-memory", [GROUP]);
  const { message, senderKey } = await peer.sendToGroup(GROUP, "to all");
  if (marks?.[BEN] !== true) await ben.peer.learnSenderKey(GROUP, peer, senderKey);
  const group = await ben.peer.receiveFromGroup(GROUP, peer, message).catch(() => undefined);
  await keys.set({ "sender-key-memory": { [GROUP]: { [BEN]: true } } });
  return Number(direct !== "direct") + Number(group !== "to all");
}

export const entries: readonly BenchEntry[] = [
  {
    name: "outage.unreadable_after_5000_refused",
    kind: "count",
    unit: "messages",
    limit: { max: 0 },
    against:
      "messages that a peer cannot read after 5,000 to it and 5,000 to a group were refused while no commit succeeded",
    run: () => unreadableAfter(REFUSED),
  },
];
