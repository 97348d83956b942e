import { BackendError } from "../../../src/errors/mod.ts";
import type { World } from "../world/world.ts";
import { deliverLatest, deliverLatestToGroup, GROUPS, send, sendToGroup } from "./conversation.ts";
import { addressOf, contactOf } from "./sends.ts";

/** Messages that are refused in a long outage: more than receivers let a chain skip. */
const REFUSED_SENDS = 2_100;

/**
 * Most keys that such an outage burns if the cache is asked before each message, with what others burn at the
 * same time.
 */
const MAX_BURNED_ASKED = 256;

/**
 * The database is away while the account goes on sending to one contact and one group, more often than
 * receivers let a chain skip. Afterwards both are read.
 */
export async function longOutage(world: World): Promise<void> {
  const { random, incarnation } = world;
  const contact = contactOf(world);
  if (contact.needsGreeting) return;
  const { link } = incarnation;
  const index = random.below(GROUPS.length);
  const address = addressOf(world, contact);
  const options = { isUnasked: random.oneIn(2) };
  const sends = [
    (): Promise<unknown> => send(world, incarnation, contact, address, options),
    (): Promise<unknown> => sendToGroup(world, incarnation, index, options),
  ];
  world.counts.longOutages += 1;
  world.trace.add(`long outage, ${options.isUnasked ? "un" : ""}asked: ${contact.name}, group ${index}`);
  // What is dirty already must leave room: nothing that waits for it would go on while the database is away.
  await world.quiesce();
  link.plan.refuse(undefined);
  await world.flush(incarnation).catch((error: unknown) => world.judge(error, "flush before an outage"));
  link.plan.always(new BackendError("commit: the network is down"));
  const before = world.counts.burnedKeys;
  for (const trySend of sends) {
    for (let refused = 0; refused < REFUSED_SENDS; ) {
      await trySend().catch((error: unknown) => {
        refused += 1;
        world.judge(error, "send in an outage");
      });
      if (contact.outbox.length > 4) contact.outbox.splice(1, 1);
    }
  }
  link.plan.clear();
  const burned = world.counts.burnedKeys - before;
  if (!options.isUnasked && burned > MAX_BURNED_ASKED) world.violate(`an outage burned ${burned} keys`);
  await world.flush(incarnation);
  for (const trySend of sends) await trySend();
  await deliverLatest(world, contact);
  await deliverLatestToGroup(world, contact);
}
