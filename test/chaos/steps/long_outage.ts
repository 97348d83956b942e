import { BackendError } from "../../../src/errors/mod.ts";
import type { Contact } from "../world/contact.ts";
import type { World } from "../world/world.ts";
import { deliverLatest, send } from "./conversation.ts";
import { deliverLatestToGroup, GROUPS, sendToGroup } from "./groups.ts";
import { crash } from "./processes.ts";
import { addressOf, contactOf } from "./sends.ts";

/** Messages that are refused in a long outage: more than receivers let a chain skip. */
const REFUSED_SENDS = 2_100;

/**
 * Most keys that such an outage burns if the cache is asked before each message, with what others burn at the
 * same time.
 */
const MAX_BURNED_ASKED = 256;

/** Times that everything is let go on before a message counts as waiting. */
const MAX_ROUNDS = 4;

/** Whom the account goes on sending to. */
interface Receivers {
  readonly contact: Contact;
  readonly address: string;
  readonly group: string;
  /** Whether the client does not ask the cache. */
  readonly isUnasked: boolean;
}

/**
 * The database is away while the account goes on sending to one contact and one group, more often than
 * receivers let a chain skip; now and then twice, and the process crashes in between. Afterwards both are
 * read.
 */
export async function longOutage(world: World): Promise<void> {
  const { random } = world;
  const contact = contactOf(world);
  if (contact.needsGreeting) return;
  const receivers = {
    ...{ contact, address: addressOf(world, contact), group: random.pick(GROUPS) },
    isUnasked: random.oneIn(2),
  };
  const isTwice = random.oneIn(3);
  const how = `${receivers.isUnasked ? "un" : ""}asked${isTwice ? ", twice" : ""}`;
  world.trace.add(`long outage, ${how}: ${contact.name}, group ${receivers.group}`);
  if (isTwice) {
    await beAway(world, receivers, REFUSED_SENDS / 2);
    await crash(world);
  }
  await beAway(world, receivers, REFUSED_SENDS);
  for (const trySend of sendsTo(world, receivers)) await trySend();
  await deliverLatest(world, contact);
  await deliverLatestToGroup(world, contact);
}

function sendsTo(
  world: World,
  { contact, address, group, isUnasked }: Receivers,
): (() => Promise<unknown>)[] {
  const { incarnation } = world;
  return [
    () => send(world, incarnation, contact, address, { isUnasked }),
    () => sendToGroup(world, incarnation, group, { isUnasked }),
  ];
}

/** One outage, in which so many messages of either kind are refused. Afterwards everything is durable. */
async function beAway(world: World, receivers: Receivers, count: number): Promise<void> {
  const { incarnation, counts } = world;
  const { contact, isUnasked } = receivers;
  const { link } = incarnation;
  counts.longOutages += 1;
  // What is dirty already must leave room: nothing that waits for it would go on while the database is away.
  await world.quiesce();
  link.plan.refuse(undefined);
  await world.flush(incarnation).catch((error: unknown) => world.judge(error, "flush before an outage"));
  link.plan.always(new BackendError("commit: the network is down"));
  const before = counts.burnedKeys;
  const waiting: Promise<void>[] = [];
  for (const trySend of sendsTo(world, receivers)) {
    for (let refused = 0; refused < count; ) {
      const sending = trySend().then(
        () => {},
        (error: unknown) => {
          refused += 1;
          counts.refusedSends += 1;
          world.judge(error, "send in an outage");
        },
      );
      // One that needs room in memory waits for the database, and the next ones wait for it.
      if (!(await hasEnded(world, sending))) {
        waiting.push(sending);
        break;
      }
      if (contact.outbox.length > 4) contact.outbox.splice(1, 1);
    }
  }
  link.plan.clear();
  const burned = counts.burnedKeys - before;
  if (!isUnasked && burned > MAX_BURNED_ASKED) world.violate(`an outage burned ${burned} keys`);
  await world.flush(incarnation);
  await Promise.all(waiting);
}

/** Whether something ends without anything else happening. */
async function hasEnded(world: World, task: Promise<void>): Promise<boolean> {
  let isOver = false;
  void task.then(() => {
    isOver = true;
  });
  for (let round = 0; round < MAX_ROUNDS && !isOver; round += 1) await world.idle();
  return isOver;
}
