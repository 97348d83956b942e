import { expectedDigest } from "./ledger.ts";
import { type Database, type Frame, type Identity, Talker } from "./talker.ts";

const ALICE: Identity = { name: "alice", pn: "15550000001@s.whatsapp.net", lid: "100000000000001@lid" };
const BOB: Identity = { name: "bob", pn: "15550000002@s.whatsapp.net", lid: "100000000000002@lid" };

/** Maximum number of unacknowledged messages of one author. */
const WINDOW = 8;

/** Both open accounts of a conversation. */
export interface Conversation {
  readonly alice: Talker;
  readonly bob: Talker;
}

/** Opens both accounts over one database and stores their mappings. */
export async function openConversation(database: Database): Promise<Conversation> {
  const alice = await Talker.open(database, ALICE);
  const bob = await Talker.open(database, BOB);
  await alice.meet(bob);
  await bob.meet(alice);
  if (!(await alice.hasSessionWith(bob))) await alice.startSession(bob);
  return { alice, bob };
}

/** Number of messages handed over on both sides, in the whole conversation. */
export function handedOver({ alice, bob }: Conversation): number {
  return alice.ledger.received + bob.ledger.received;
}

/** Exchanges messages in both directions at once until `target` of them were handed over in total. */
export async function converse(
  conversation: Conversation,
  target: number,
  onRound: () => void | Promise<void>,
): Promise<void> {
  const { alice, bob } = conversation;
  // Acknowledges messages that a killed process had delivered.
  await alice.acknowledge(bob);
  await bob.acknowledge(alice);
  // Bob can answer after Alice's first message has created his session.
  if (!(await bob.hasSessionWith(alice))) await exchange(alice, bob, 1);
  while (handedOver(conversation) < target) {
    const missing = target - handedOver(conversation);
    await Promise.all([
      exchange(alice, bob, Math.min(WINDOW, Math.ceil(missing / 2))),
      exchange(bob, alice, Math.min(WINDOW, Math.floor(missing / 2))),
    ]);
    await onRound();
  }
}

/** Whether both sides have received all written messages once, in order. */
export function isIntact({ alice, bob }: Conversation): boolean {
  return (
    alice.ledger.digest === expectedDigest(BOB.name, alice.ledger.received) &&
    bob.ledger.digest === expectedDigest(ALICE.name, bob.ledger.received)
  );
}

/** One author sends unacknowledged messages out of order; the reader hands them over and acknowledges. */
async function exchange(author: Talker, reader: Talker, wanted: number): Promise<void> {
  const waiting = author.ledger.sent - author.ledger.acknowledged;
  if (waiting < wanted) await author.write(reader, wanted - waiting);
  const { acknowledged, sent } = author.ledger;
  const frames: Frame[] = [];
  for (let number = acknowledged; number < sent; number += 1) {
    for await (const frame of author.encrypt(reader, number)) {
      if (frame.kind === "senderKey") await reader.receive(author, frame);
      else frames.push(frame);
    }
  }
  for (const frame of outOfOrder(frames)) await reader.receive(author, frame);
  await reader.handOver(author);
  await author.acknowledge(reader);
}

/** Swaps neighbouring frames, as a network may. */
function outOfOrder(frames: readonly Frame[]): Frame[] {
  return frames.map((frame, index) => frames[index ^ 1] ?? frame);
}
