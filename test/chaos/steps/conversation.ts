/**
 * What happens in chats: messages leave, arrive, are lost, late or out of order, and every one that arrives
 * is compared.
 */
import { CannotDecrypt, type EncryptOptions, type Outgoing } from "../clients/client.ts";
import { groupNameOf, nameOf, startOf } from "../clients/wire.ts";
import type { Contact, IncomingMail, OutgoingGroupMail, OutgoingMail } from "../world/contact.ts";
import type { Incarnation } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";

/** Messages that may be under way to one side. The oldest is delivered or lost above it. */
const MAX_MAIL = 8;

/** Chains behind the newest one that a receiver still has, less than the five that it keeps. */
const MAX_CHAINS_BEHIND = 3;

/** Groups, with our name in each: one is addressed by LID, one by phone number. */
export const GROUPS = [
  { jid: "120363000000000001@g.us", ourName: "120363000000000001@g.us:900000000000009:1@lid.0" },
  { jid: "120363000000000002@g.us", ourName: "120363000000000002@g.us:15550009999:1@c.us.0" },
] as const;

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

/** The account sends to a group. Everybody else is a member. */
export async function sendToGroup(
  world: World,
  incarnation: Incarnation,
  index: number,
  options?: EncryptOptions,
): Promise<string | undefined> {
  const { jid, ourName } = GROUPS[index % GROUPS.length] as (typeof GROUPS)[number];
  const text = `group out ${world.name()}`;
  const sealed = await incarnation.client.encryptGroup(ourName, text, options);
  const { keyId, iteration } = groupNameOf(sealed.body);
  if (!world.leave(incarnation, `${jid} ${keyId}#${iteration}`)) return undefined;
  world.counts.groupSends += 1;
  for (const contact of world.contacts) {
    if (contact.groupOutbox.length < MAX_MAIL) contact.groupOutbox.push({ ...sealed, text, group: jid });
  }
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

/** A group message arrives at a contact. */
export async function deliverGroupOut(world: World, contact: Contact): Promise<void> {
  const mail = takeMail(world, contact.groupOutbox);
  if (mail !== undefined) await arriveInGroup(world, contact, mail);
}

/** The group message that was sent last arrives at a contact before all others. */
export async function deliverLatestToGroup(world: World, contact: Contact): Promise<void> {
  const mail = contact.groupOutbox.pop();
  if (mail !== undefined) await arriveInGroup(world, contact, mail);
}

async function arriveInGroup(world: World, contact: Contact, mail: OutgoingGroupMail): Promise<void> {
  const read = await readInGroup(contact, mail).catch((error: unknown) => String(error));
  if (read === undefined) return;
  if (read !== mail.text) world.violate(`${contact.name} cannot read in a group: ${read}`);
  world.trace.add(`${contact.name} read ${mail.text}`);
}

/** What a contact reads; `undefined` when the message is older than the sender key that it learnt. */
async function readInGroup(
  { peer, learntFrom }: Contact,
  mail: OutgoingGroupMail,
): Promise<string | undefined> {
  const { group, body } = mail;
  const { keyId, iteration } = groupNameOf(body);
  const key = `${group} ${keyId}`;
  if (!peer.knowsSenderKey(group, body)) {
    await peer.learnSenderKey(group, mail.distribution);
    learntFrom.set(key, iteration);
  }
  return iteration < (learntFrom.get(key) ?? 0) ? undefined : await peer.decryptGroup(group, body);
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

/** A contact writes to a group. */
export async function contactWritesToGroup(world: World, contact: Contact): Promise<void> {
  const group = world.random.pick(GROUPS).jid;
  const text = `group in ${world.name()}`;
  const sealed = await contact.peer.encryptGroup(group, text);
  const { installation } = contact;
  contact.inbox.push({ ...sealed, ...groupNameOf(sealed.body), kind: "group", text, group, installation });
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

async function receive(
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
function putBack(contact: Contact, mail: IncomingMail): string {
  if (mail.installation === contact.installation) contact.inbox.unshift(mail);
  return "put back";
}

function loseSession(world: World, contact: Contact, base: string): void {
  if (contact.lost.has(base)) return;
  contact.lost.add(base);
  world.counts.sessionsLost += 1;
}

async function receiveInGroup(
  world: World,
  incarnation: Incarnation,
  contact: Contact,
  mail: IncomingMail & { kind: "group" },
): Promise<string | undefined> {
  const { client } = incarnation;
  // A group shows its members by phone number or by LID, and may change.
  const name = `${mail.group}:${world.random.pick(contact.addresses)}`;
  incarnation.reading.set(mail, contact);
  try {
    if (oldestReadable(contact, mail, name) === undefined) {
      await client.learnSenderKey(name, mail.distribution);
      if (incarnation.isOver) return undefined;
      const before = contact.learnt.get(`${name} ${mail.keyId}`)?.from ?? 0;
      const known = { from: Math.max(mail.iteration, before), durable: false };
      contact.learnt.set(`${name} ${mail.keyId}`, known);
      // The sender is told that we have the key once we can be sure to keep it.
      await world.flush(incarnation).then(
        () => {
          if (!incarnation.isOver && !incarnation.isSuperseded) known.durable = true;
        },
        (error: unknown) => world.judge(error, "flush a sender key"),
      );
    }
    const text = await client.decryptGroup(name, mail.body);
    incarnation.reading.delete(mail);
    if (incarnation.isOver) return undefined;
    if (text !== mail.text) world.violate(`${contact.name}: another group text was read than was sent`);
    world.counts.groupReceives += 1;
    return "read";
  } catch (error) {
    if (incarnation.isOver) return undefined;
    incarnation.reading.delete(mail);
    if (!(error instanceof CannotDecrypt)) {
      putBack(contact, mail);
      return world.judge(error, `${contact.name} → ${mail.text}`);
    }
    const known = oldestReadable(contact, mail, name) ?? contact.learnt.get(`${name} ${mail.keyId}`)?.from;
    const isOlder = mail.iteration < (known ?? 0);
    if (isOlder || mail.repeated === true || mail.installation !== contact.installation) return "too old";
    world.violate(`${contact.name}: ${mail.text} cannot be read: ${error.message}`, error);
    return "violation";
  }
}

/**
 * The first iteration of a contact's sender key that the account can be sure to read by a name; `undefined`
 * when it must be sent the key. What was learnt by one of the contact's names counts for the other once they
 * are known to be one user.
 */
function oldestReadable(
  contact: Contact,
  { group, keyId }: { readonly group: string; readonly keyId: number },
  name: string,
): number | undefined {
  const names = contact.user.isTold ? contact.addresses.map((address) => `${group}:${address}`) : [name];
  const known = names.flatMap((one) => contact.learnt.get(`${one} ${keyId}`) ?? []);
  const durable = known.filter((key) => key.durable).map(({ from }) => from);
  return durable.length === 0 ? undefined : Math.min(...durable);
}

/** Takes a message off the queue, now and then not the first, and now and then to lose it. */
function takeMail<Mail>(world: World, queue: Mail[]): Mail | undefined {
  const { random } = world;
  const at = random.oneIn(4) ? random.below(Math.min(queue.length, 4) || 1) : 0;
  const [mail] = queue.splice(at, 1);
  return random.oneIn(12) ? undefined : mail;
}
