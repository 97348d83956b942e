/**
 * What happens in groups. Members are sent our sender key once: from then on they are marked as holding it,
 * and a message that they cannot read although they are marked is a violation.
 */
import { CannotDecrypt, type EncryptOptions, type GroupOutgoing } from "../clients/client.ts";
import { groupNameOf } from "../clients/wire.ts";
import type { Contact, IncomingMail, LearntKey, OutgoingGroupMail } from "../world/contact.ts";
import { type Incarnation, OUR_DEVICE, OUR_LID_USER, OUR_PN_USER } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";
import { MAX_MAIL, putBack, takeMail } from "./conversation.ts";

/** Groups. Each shows its members, us too, by LID at one time and by phone number at another. */
export const GROUPS: readonly string[] = ["120363000000000001@g.us", "120363000000000002@g.us"];

/** Sender keys behind the newest one that a receiver still has, less than the five that it keeps. */
const MAX_KEYS_BEHIND = 4;

/** The names of our sender key in a group. */
const OUR_NAMES: readonly string[] = [
  `${OUR_LID_USER}:${OUR_DEVICE}@lid.0`,
  `${OUR_PN_USER}:${OUR_DEVICE}@c.us.0`,
];

export function ourNameIn(world: World, group: string): string {
  return `${group}:${world.random.pick(OUR_NAMES)}`;
}

/** The account sends to a group. Everybody else is a member. */
export async function sendToGroup(
  world: World,
  incarnation: Incarnation,
  group: string,
  options?: EncryptOptions,
): Promise<string | undefined> {
  const text = `group out ${world.name()}`;
  const members = new Map(world.contacts.map((contact) => [world.random.pick(contact.jids), contact]));
  const installations = new Map(world.contacts.map((contact) => [contact, contact.installation]));
  const keyless = new Set(world.contacts.filter(({ withoutKeyOf }) => withoutKeyOf.has(group)));
  let hasLeft = false;
  await incarnation.client.sendToGroup({
    ...{ group, name: ourNameIn(world, group), devices: [...members.keys()], text, ...options },
    leave: async (sealed, lacking) => {
      hasLeft = await leave(world, incarnation, { group, text, sealed });
      if (!hasLeft) return false;
      const receivers = lacking.flatMap((jid) => members.get(jid) ?? []);
      for (const contact of receivers) await takeKey(contact, group, sealed);
      for (const contact of members.values()) {
        if (contact.groupOutbox.length >= MAX_MAIL) continue;
        const installation = installations.get(contact) ?? 0;
        const hasKey = receivers.includes(contact) || !keyless.has(contact);
        const keys = contact.keysOf.get(group) ?? 0;
        contact.groupOutbox.push({ body: sealed.body, text, group, installation, hasKey, keys });
      }
      return true;
    },
  });
  if (!hasLeft) return undefined;
  return incarnation.isSuperseded ? "left within a lease" : "left";
}

async function leave(
  world: World,
  incarnation: Incarnation,
  { group, sealed }: { readonly group: string; readonly text: string; readonly sealed: GroupOutgoing },
): Promise<boolean> {
  const { keyId, iteration } = groupNameOf(sealed.body);
  if (!world.leave(incarnation, `${group} ${keyId}#${iteration}`)) return false;
  world.counts.groupSends += 1;
  return true;
}

/** A contact is sent our sender key. Its way there is pairwise and is not what is tried here: it arrives. */
async function takeKey(
  contact: Contact,
  group: string,
  { body, distribution }: GroupOutgoing,
): Promise<void> {
  const { peer, learntFrom, keysOf } = contact;
  const { keyId, iteration } = groupNameOf(body);
  if (!peer.knowsSenderKey(group, body)) {
    learntFrom.set(`${group} ${keyId}`, iteration);
    keysOf.set(group, (keysOf.get(group) ?? 0) + 1);
  }
  await peer.learnSenderKey(group, distribution);
  contact.withoutKeyOf.delete(group);
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
  const { group, body, text } = mail;
  const { keyId, iteration } = groupNameOf(body);
  if (!contact.peer.knowsSenderKey(group, body)) return lacksKey(world, contact, mail);
  // Older than the sender key that it was sent.
  if (iteration < (contact.learntFrom.get(`${group} ${keyId}`) ?? 0)) return;
  const read = await contact.peer.decryptGroup(group, body).catch((error: unknown) => String(error));
  if (read !== text) world.violate(`${contact.name} cannot read in a group: ${read}`);
  world.trace.add(`${contact.name} read ${text}`);
}

/** A contact that installed anew has no key, asks for it, and is marked no longer. */
function lacksKey(world: World, contact: Contact, mail: OutgoingGroupMail): void {
  const { group, text, installation, hasKey, keys } = mail;
  const isForgotten = (contact.keysOf.get(group) ?? 0) - keys >= MAX_KEYS_BEHIND;
  if (hasKey && installation === contact.installation && !isForgotten)
    world.violate(
      `${contact.name} cannot read ${text}: it was never sent the sender key, and counts as having it`,
    );
  world.start(`${contact.name} asks for the key of ${group}`, async ({ client }) => {
    await client.forgetHolder(group, contact.jids);
    return undefined;
  });
}

/** Our sender key of a group is given up, as after a member has left. */
export function rotateSenderKey(world: World): void {
  const group = world.random.pick(GROUPS);
  const name = ourNameIn(world, group);
  world.start("rotate sender key", (incarnation) =>
    incarnation.client.rotateSenderKey(group, name).then(() => undefined),
  );
}

/** A group message to the account. */
export type GroupMail = IncomingMail & { kind: "group" };

/** A contact writes to a group. */
export async function contactWritesToGroup(world: World, contact: Contact): Promise<void> {
  contact.inbox.push(await writeToGroup(world, contact, world.random.pick(GROUPS)));
}

export async function writeToGroup(world: World, contact: Contact, group: string): Promise<GroupMail> {
  const text = `group in ${world.name()}`;
  const sealed = await contact.peer.encryptGroup(group, text);
  const { installation } = contact;
  return { ...sealed, ...groupNameOf(sealed.body), kind: "group", text, group, installation };
}

/** The account reads a group message. A group shows its members by phone number or by LID, and may change. */
export async function receiveInGroup(
  world: World,
  incarnation: Incarnation,
  contact: Contact,
  mail: GroupMail,
  address: string = world.random.pick(contact.addresses),
): Promise<string | undefined> {
  const { client } = incarnation;
  const name = `${mail.group}:${address}`;
  incarnation.reading.set(mail, contact);
  try {
    if (oldestReadable(contact, mail, name) === undefined)
      await learnKey(world, incarnation, { contact, mail, name });
    if (incarnation.isOver) return undefined;
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

/** The account is sent a contact's sender key with the message. */
async function learnKey(
  world: World,
  incarnation: Incarnation,
  { contact, mail, name }: { readonly contact: Contact; readonly mail: GroupMail; readonly name: string },
): Promise<void> {
  await incarnation.client.learnSenderKey(name, mail.distribution);
  if (incarnation.isOver) return;
  // A key that was learnt before, by either name, goes on where it was.
  const before = knownKeys(contact, mail).map(({ from }) => from);
  const known = { from: Math.max(mail.iteration, ...before), durable: false };
  contact.learnt.set(`${name} ${mail.keyId}`, known);
  // The sender is told that we have the key once we can be sure to keep it.
  await world.flush(incarnation).then(
    () => {
      if (!incarnation.isOver && !incarnation.isSuperseded) known.durable = true;
    },
    (error: unknown) => world.judge(error, "flush a sender key"),
  );
}

/** A group message to the account, as far as it names a sender key. */
type KeyOfMail = Pick<GroupMail, "group" | "keyId">;

/** What was learnt of a sender key, by either name of its owner. */
function knownKeys(contact: Contact, { group, keyId }: KeyOfMail): LearntKey[] {
  return contact.addresses.flatMap((address) => contact.learnt.get(`${group}:${address} ${keyId}`) ?? []);
}

/**
 * The first iteration of a contact's sender key that the account can be sure to read by a name; `undefined`
 * when it must be sent the key. What was learnt by one of the contact's names counts for the other once they
 * are known to be one user.
 */
function oldestReadable(contact: Contact, mail: KeyOfMail, name: string): number | undefined {
  const own = contact.learnt.get(`${name} ${mail.keyId}`);
  const known = contact.user.isTold ? knownKeys(contact, mail) : own === undefined ? [] : [own];
  const durable = known.filter((key) => key.durable).map(({ from }) => from);
  return durable.length === 0 ? undefined : Math.min(...durable);
}
