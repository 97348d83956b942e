/** The account sends, and the other side of it: bursts, both directions at once, copies that are behind. */
import type { Contact } from "../world/contact.ts";
import type { Incarnation } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";
import { deliverIn, greet, send } from "./conversation.ts";

/** Any contact. */
export function contactOf(world: World): Contact {
  return world.random.pick(world.contacts);
}

/** Where a message to a contact goes: to either address. */
export function addressOf(world: World, contact: Contact): string {
  return world.random.pick(contact.addresses);
}

export function startSend(
  world: World,
  contact: Contact = contactOf(world),
  incarnation?: Incarnation,
): void {
  const address = addressOf(world, contact);
  world.start(`send to ${contact.name}`, (here) => send(world, here, contact, address), incarnation);
}

export function burst(world: World): void {
  const contact = contactOf(world);
  const count = world.random.oneIn(4) ? 20 + world.random.below(60) : 2 + world.random.below(10);
  const address = addressOf(world, contact);
  world.start(`send ${count} to ${contact.name}`, async (incarnation) => {
    for (let sent = 0; sent < count; sent += 1) {
      await send(world, incarnation, contact, address);
      if (contact.outbox.length > 4) contact.outbox.splice(world.random.below(4), 1);
    }
    return undefined;
  });
}

/** Both directions of one session at once. */
export function sendWhileReceiving(world: World): void {
  const contact = contactOf(world);
  startSend(world, contact);
  deliverIn(world, contact);
  startSend(world, contact);
  deliverIn(world, contact);
}

export function startGreet(world: World): void {
  const contact = contactOf(world);
  const address = addressOf(world, contact);
  world.start(`begin a session with ${contact.name}`, (incarnation) =>
    greet(incarnation, contact, address).then(() => undefined),
  );
}

export function startDelete(world: World): void {
  const contact = contactOf(world);
  const address = addressOf(world, contact);
  world.start(`delete session of ${contact.name}`, async (incarnation) => {
    contact.excuseKnown("deleted");
    await incarnation.client.deleteSession(address);
    contact.excuseKnown("deleted");
    return undefined;
  });
}

/** A caller without the lock puts a copy that is behind. It must be refused, and no key be used twice. */
export function putOldCopy(world: World): void {
  const contact = contactOf(world);
  const address = contact.mainAddress;
  const between = 1 + world.random.below(3);
  world.start(`put an old copy of ${contact.name}`, async (incarnation) => {
    const put = await incarnation.client.takeStale(address);
    for (let sent = 0; sent < between; sent += 1) await send(world, incarnation, contact, address);
    await put?.();
    return await send(world, incarnation, contact, address);
  });
}

/** During a slow read the session is deleted, begun again, written, and dropped from memory. */
export function overtakeRead(world: World): void {
  const contact = contactOf(world);
  const address = contact.lidAddress;
  world.start(`overtake a read of ${contact.name}`, async (incarnation) => {
    const { client, link } = incarnation;
    await world.flush(incarnation, "releaseLeases");
    client.clearAfterFlush();
    link.holdReads(address);
    const looking = client.look(address).catch(() => {});
    contact.excuseKnown("deleted");
    try {
      await client.deleteSession(address);
      contact.excuseKnown("deleted");
      await send(world, incarnation, contact, address);
      await world.flush(incarnation, "releaseLeases");
      client.clearAfterFlush();
    } finally {
      link.releaseReads();
    }
    await looking;
    return await send(world, incarnation, contact, address);
  });
}
