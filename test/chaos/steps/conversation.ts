/**
 * What happens in chats of two: messages leave, arrive, are lost, late or out of order, and every one that
 * arrives is compared.
 */
import { CannotDecrypt, type EncryptOptions, type Outgoing } from "../clients/client.ts";
import { nameOf, startOf } from "../clients/wire.ts";
import type { Contact, IncomingMail, OutgoingMail } from "../world/contact.ts";
import type { Incarnation } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";
import { receiveInGroup } from "./groups.ts";

/** Messages that may be under way to one side. The oldest is delivered or lost above it. */
export const MAX_MAIL = 8;

/** Chains behind the newest one that a receiver still has, less than the five that it keeps. */
const MAX_CHAINS_BEHIND = 3;

/** The account sends to a contact. */
export async function send(
  world: World,
  incarnation: Incarnation,
  contact: Contact,
  address: string,
  options?: EncryptOptions,
): Promise<string | undefined> {
  const { client } = incarnation;
  const needsGreeting = contact.needsGreeting;
  if (needsGreeting || !(await client.hasSession(address))) {
    contact.needsGreeting = false;
    await greet(incarnation, contact, address);
  }
  const text = `out ${world.name()}`;
  const installation = contact.installation;
  const sealed = await client.encrypt(address, text, options);
  if (contact.installation !== installation) contact.excuse(sealed.base, "another identity");
  return publish(world, incarnation, contact, sealed, text);
}

/** The account begins a new session, as with a bundle that it has fetched. */
export async function greet(incarnation: Incarnation, contact: Contact, address: string): Promise<void> {
  const { installation } = contact;
  const base = await incarnation.client.greet(address, contact.bundle());
  contact.known.add(base);
  if (contact.installation !== installation) contact.excuse(base, "another identity");
  contact.place(base, address);
}

function publish(
  world: World,
  incarnation: Incarnation,
  contact: Contact,
  sealed: Outgoing,
  text: string,
): string | undefined {
  const { chain, counter } = nameOf(sealed);
  if (!world.leave(incarnation, `${chain}#${counter}`)) return undefined;
  world.counts.sends += 1;
  world.trace.note(
    `${contact.name} ${text}: session ${sealed.base.slice(2, 10)}, chain ${chain.slice(2, 10)} ${counter}, type ${sealed.type}`,
  );
  contact.lastChains.set(sealed.base, chain);
  contact.outbox.push({ ...sealed, text, chainNumber: contact.chainOut(chain) });
  return incarnation.isSuperseded ? "left within a lease" : "left";
}

/** A message, mostly the oldest one, arrives at a contact. */
export async function deliverOut(world: World, contact: Contact): Promise<void> {
  const { outbox } = contact;
  const mail = takeMail(world, outbox);
  if (mail === undefined || contact.arrivedOut - mail.chainNumber > MAX_CHAINS_BEHIND) return;
  await arrive(world, contact, mail);
  while (outbox.length > MAX_MAIL) await arrive(world, contact, outbox.shift() as OutgoingMail);
}

/** The message that was sent last arrives at a contact before all others. */
export async function deliverLatest(world: World, contact: Contact): Promise<void> {
  const mail = contact.outbox.pop();
  if (mail !== undefined) await arrive(world, contact, mail);
}

async function arrive(world: World, contact: Contact, mail: OutgoingMail): Promise<void> {
  if (contact.arrivedOut - mail.chainNumber > MAX_CHAINS_BEHIND) return;
  const { sessions } = contact.peer;
  const isPossible = startOf(mail) !== undefined || sessions.knows(mail.base);
  const outcome = await sessions.decrypt(mail).then(
    (text) => (text === mail.text ? undefined : `${contact.name} read another text than was sent`),
    (error: unknown) => `${contact.name} cannot read: ${String(error)}`,
  );
  if (outcome === undefined) {
    contact.arrivedOut = Math.max(contact.arrivedOut, mail.chainNumber);
    world.trace.add(`${contact.name} read ${mail.text}`);
    return;
  }
  const excuse = isPossible ? contact.excuseOf(mail.base) : "another identity";
  if (excuse === undefined) return world.violate(outcome);
  if (excuse === "lost in a crash") loseSession(world, contact, mail.base);
  contact.needsGreeting = true;
  world.trace.add(`${contact.name} cannot read ${mail.text}: ${excuse}`);
}

/** A contact writes, in a new session if it has none or has been told to begin one. */
export async function contactWrites(world: World, contact: Contact): Promise<void> {
  const { sessions } = contact.peer;
  if (contact.renews || sessions.isEmpty) {
    contact.renews = false;
    const preKeyId = world.preKeyPool.shift();
    await sessions.open(await world.ourBundle(preKeyId));
    const sealed = await write(world, contact);
    if (preKeyId !== undefined) world.consumers.set(preKeyId, sealed.base);
    contact.place(sealed.base, world.random.pick(contact.addresses));
    return;
  }
  await write(world, contact);
}

async function write(world: World, contact: Contact): Promise<{ base: string }> {
  const text = `in ${world.name()}`;
  const sealed = await contact.peer.sessions.encrypt(text);
  const { chain, counter } = nameOf(sealed);
  world.trace.note(
    `${contact.name} ${text}: session ${sealed.base.slice(2, 10)}, chain ${chain.slice(2, 10)} ${counter}, type ${sealed.type}`,
  );
  const { installation } = contact;
  const chainNumber = contact.chainIn(chain);
  contact.inbox.push({ ...sealed, kind: "pairwise", text, installation, chainNumber });
  return sealed;
}

/** A message, mostly the oldest one, arrives at the account. */
export function deliverIn(world: World, contact: Contact): void {
  const mail = takeMail(world, contact.inbox);
  if (mail !== undefined) read(world, contact, mail);
  while (contact.inbox.length > MAX_MAIL) read(world, contact, contact.inbox.shift() as IncomingMail);
}

/** The newest message arrives at the account before all others. */
export function deliverNewest(world: World, contact: Contact): void {
  const mail = contact.inbox.pop();
  if (mail !== undefined) read(world, contact, mail);
}

function read(world: World, contact: Contact, mail: IncomingMail): void {
  if (mail.kind === "group") {
    world.start(`${contact.name} → group ${mail.text}`, (incarnation) =>
      receiveInGroup(world, incarnation, contact, mail),
    );
  } else if (contact.arrivedIn - mail.chainNumber <= MAX_CHAINS_BEHIND) {
    world.start(`${contact.name} → ${mail.text}`, (incarnation) =>
      receive(world, incarnation, contact, mail),
    );
  }
}

/** The account reads a message. */
export async function receive(
  world: World,
  incarnation: Incarnation,
  contact: Contact,
  mail: IncomingMail & { kind: "pairwise" },
): Promise<string | undefined> {
  contact.known.add(mail.base);
  incarnation.reading.set(mail, contact);
  try {
    const text = await incarnation.client.decrypt(contact.addressOf(mail.base, world.random), mail);
    incarnation.reading.delete(mail);
    if (incarnation.isOver) return undefined;
    if (text !== mail.text) world.violate(`${contact.name}: another text was read than was sent`);
    contact.arrivedIn = Math.max(contact.arrivedIn, mail.chainNumber);
    world.counts.receives += 1;
    return "read";
  } catch (error) {
    if (incarnation.isOver) return undefined;
    incarnation.reading.delete(mail);
    return unread(world, contact, mail, error);
  }
}

/** A message could not be read. */
function unread(
  world: World,
  contact: Contact,
  mail: IncomingMail & { kind: "pairwise" },
  error: unknown,
): string {
  if (!(error instanceof CannotDecrypt)) {
    putBack(contact, mail);
    return world.judge(error, `${contact.name} → ${mail.text}`);
  }
  if (mail.installation !== contact.installation) return "of an old installation";
  const excuse = contact.excuseOf(mail.base);
  if (excuse === undefined && mail.repeated !== true) {
    world.violate(`${contact.name}: ${mail.text} cannot be read: ${error.message}`, error);
    return "violation";
  }
  if (excuse === undefined) return "read before";
  if (excuse === "lost in a crash") loseSession(world, contact, mail.base);
  contact.renews = true;
  return excuse;
}

/** It is delivered again. */
export function putBack(contact: Contact, mail: IncomingMail): string {
  if (mail.installation === contact.installation) contact.inbox.unshift(mail);
  return "put back";
}

function loseSession(world: World, contact: Contact, base: string): void {
  if (contact.lost.has(base)) return;
  contact.lost.add(base);
  world.counts.sessionsLost += 1;
}

/** Takes a message off the queue, now and then not the first, and now and then to lose it. */
export function takeMail<Mail>(world: World, queue: Mail[]): Mail | undefined {
  const { random } = world;
  const at = random.oneIn(4) ? random.below(Math.min(queue.length, 4) || 1) : 0;
  const [mail] = queue.splice(at, 1);
  return random.oneIn(12) ? undefined : mail;
}
