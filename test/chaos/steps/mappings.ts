/**
 * Phone numbers whose LIDs become known, in the ways in which Baileys tells them, and wrong pairs that it
 * tells.
 */
import type { LidPnMapping } from "../../../src/backend/mod.ts";
import type { ChaosUser } from "../world/contact.ts";
import { type Incarnation, OUR_LID_USER, OUR_PN_USER } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";
import { greet, receive } from "./conversation.ts";
import { GROUPS, type GroupMail, receiveInGroup, writeToGroup } from "./groups.ts";
import { tellNewest } from "./registrations.ts";

/**
 * How it is told that a phone number and a LID are one user.
 *
 * - `history sync`: the mapping is stored and nothing follows, as with the event `lid-mapping.update`.
 * - `migration sync`: it is stored and then migrated.
 * - `message`: as `migration sync`, and then the message that told it is decrypted.
 * - `device sync`: it is stored; then a session is begun with each device under the LID, and the device list
 *   is stored.
 * - `user sync`: a look-up inside another operation asks the server, and stores what it answers.
 * - `row`: a mapping is committed that moves nothing, as an earlier release or another tool did.
 */
const TELLINGS = ["history sync", "migration sync", "message", "device sync", "user sync", "row"] as const;

type Telling = (typeof TELLINGS)[number];

/** The LID of a phone number becomes known. */
export function startTell(world: World): void {
  const users = world.users.filter(({ isTold }) => !isTold);
  if (users.length === 0) return;
  const user = world.random.pick(users);
  const telling = world.random.pick(TELLINGS);
  const name = `tell user ${world.users.indexOf(user)}: ${telling}`;
  world.start(name, (incarnation) => tellUser(world, incarnation, user, telling));
}

/** Tells that a user's phone number and LID are one. Until it is known to be stored, it is told again. */
async function tellUser(
  world: World,
  incarnation: Incarnation,
  user: ChaosUser,
  telling: Telling,
): Promise<string | undefined> {
  const { pn, lid } = user;
  if (pn === undefined || user.isTold) return "told already";
  const { client, account } = incarnation;
  if (telling === "row") {
    world.storedAlone.add(lid);
    await account.commitWith([{ kind: "lidMapping.put", entries: [storedMapping(lid, pn)] }]);
  } else if (telling === "user sync") {
    user.isPublic = true;
    await client.lookUp(pn);
    if ((await account.store.getPnMapping(pn)) === undefined) return "not asked";
  } else await client.tellLid(pn, lid, telling !== "history sync" && telling !== "device sync");
  if (incarnation.isOver || incarnation.isSuperseded) return undefined;
  world.counts.migrations += 1;
  user.isTold = true;
  if (telling === "message") return await readNext(world, incarnation, user);
  if (telling === "device sync") await syncDevices(world, incarnation, user);
  return "told";
}

/** Reads the message whose envelope told the LID. */
async function readNext(
  world: World,
  incarnation: Incarnation,
  user: ChaosUser,
): Promise<string | undefined> {
  const contact = world.contacts.find((one) => one.user === user && one.inbox[0]?.kind === "pairwise");
  const mail = contact?.inbox.shift();
  if (contact === undefined || mail?.kind !== "pairwise") return "told";
  return await receive(world, incarnation, contact, mail);
}

/**
 * A group shows a member by phone number, then by LID, and the two are found to be one: the account has
 * learnt one sender key twice, at different places, and what is late must still be read.
 */
export async function startShowBoth(world: World): Promise<void> {
  const { random } = world;
  const contacts = world.contacts.filter(({ user }) => !user.isTold);
  if (contacts.length === 0) return;
  const contact = random.pick(contacts);
  const group = random.pick(GROUPS);
  const telling = random.pick(TELLINGS);
  const mails: GroupMail[] = [];
  for (let count = 0; count < 3; count += 1) mails.push(await writeToGroup(world, contact, group));
  const [early, late, last] = mails as [GroupMail, GroupMail, GroupMail];
  const names = random.oneIn(2) ? contact.addresses : [...contact.addresses].reverse();
  world.start(`show ${contact.name} by both names: ${telling}`, async (incarnation) => {
    await receiveInGroup(world, incarnation, contact, early, names[0]);
    await receiveInGroup(world, incarnation, contact, last, names[1]);
    if (incarnation.isOver) return undefined;
    await tellUser(world, incarnation, contact.user, telling);
    return await receiveInGroup(world, incarnation, contact, late);
  });
}

/** What `getUSyncDevices` does after it has stored the mapping. */
async function syncDevices(world: World, incarnation: Incarnation, user: ChaosUser): Promise<void> {
  for (const contact of world.contacts.filter((one) => one.user === user))
    await greet(incarnation, contact, contact.lidAddress);
  await tellNewest(world, incarnation, user, (told) => incarnation.client.listDevices(told));
}

function storedMapping(lid: string, phoneNumber: string): LidPnMapping {
  return { lid, phoneNumber, createdAt: 1, updatedAt: 1, learningSource: "other" };
}

/** Tells a pair of which one end is ours, or our own pair the wrong way round. It must be refused. */
export function startTellWrong(world: World): void {
  const { random } = world;
  const { lid, pn } = random.pick(world.users);
  const pairs: { readonly pn: string; readonly lid: string }[] = [{ pn: OUR_PN_USER, lid }];
  if (pn !== undefined) pairs.push({ pn, lid: OUR_LID_USER });
  pairs.push({ pn: OUR_LID_USER, lid: OUR_PN_USER });
  const pair = random.pick(pairs);
  const migrates = random.oneIn(2);
  world.start(`tell a wrong pair, ${pairs.indexOf(pair)}`, async (incarnation) => {
    await incarnation.client.tellLid(pair.pn, pair.lid, migrates);
    return undefined;
  });
}
