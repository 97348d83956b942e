/**
 * Users whose devices are listed, and who register anew: their companions are another user's, so to speak.
 */
import { formatJid, parseJid } from "../../../src/addresses/mod.ts";
import { directory, type SyncedDevices } from "../../../src/directory/mod.ts";
import { nowSeconds } from "../../../src/ports/mod.ts";
import { encodeAdvKeyIndexList, encodeAdvSignedKeyIndexList } from "../../../src/records/mod.ts";
import type { ChaosUser, Contact } from "../world/contact.ts";
import type { Incarnation } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";
import { GROUPS } from "./groups.ts";

/** The key index of every companion. */
const KEY_INDEX = 1;

/** The newest list of a user, as a user sync answers it. It does not name every device. */
function listOf(world: World, { host }: Incarnation, user: ChaosUser): SyncedDevices {
  user.listedAtS = Math.max(user.listedAtS + 1, nowSeconds(host.clock));
  return list(world, user, { rawId: user.rawId, timestamp: user.listedAtS });
}

function list(
  world: World,
  user: ChaosUser,
  { rawId, timestamp }: { readonly rawId: number; readonly timestamp: number },
): SyncedDevices {
  const spellings = user.isTold && user.pn !== undefined ? [user.lid, user.pn] : [user.canonical];
  const name = world.random.pick(spellings);
  return {
    user: parseJid(name === user.lid ? `${name}@lid` : `${name}@s.whatsapp.net`),
    devices: user.listed.map((deviceId) =>
      deviceId === 0 ? { deviceId } : { deviceId, keyIndex: KEY_INDEX },
    ),
    timestamp,
    rawId,
  };
}

/** Tells a list by a user sync, or by the notification of a companion that was added. */
async function tell(incarnation: Incarnation, told: SyncedDevices, isNotified: boolean): Promise<void> {
  const { devices } = directory(incarnation.account);
  const companion = told.devices.find(({ deviceId }) => deviceId !== 0);
  if (!isNotified || companion === undefined) {
    await devices.update([told]);
    return;
  }
  const { rawId = 0, timestamp } = told;
  const validIndexes = [0, KEY_INDEX];
  const details = encodeAdvKeyIndexList({
    ...{ rawId, timestamp, currentIndex: KEY_INDEX, validIndexes, isHosted: false },
  });
  await devices.addDevice(told.user, companion, encodeAdvSignedKeyIndexList({ details }));
}

/**
 * Tells the newest list of a user. Until one of the present registration has been stored, the sessions of the
 * companions may go with it, those that were begun since, too.
 */
export async function tellNewest(
  world: World,
  incarnation: Incarnation,
  user: ChaosUser,
  send: (told: SyncedDevices) => Promise<void>,
): Promise<void> {
  const told = listOf(world, incarnation, user);
  const { rawId } = user;
  if (!user.isAnew) return await send(told);
  const companions = companionsOf(world, user);
  const keys = companions.flatMap(({ addresses }) =>
    addresses.flatMap((address) => [`session:${address}`, `identity:${address}`]),
  );
  for (const key of keys) world.dropping.add(key);
  for (const contact of companions) incarnation.dropping.add(contact);
  try {
    await send(told);
    if (incarnation.isOver || user.rawId !== rawId) return;
    user.isAnew = false;
    for (const key of keys) world.dropping.delete(key);
    world.counts.registrations += 1;
  } finally {
    for (const contact of companions) {
      if (!incarnation.isOver) contact.excuseKnown("deleted");
      incarnation.dropping.delete(contact);
    }
  }
}

export function startList(world: World): void {
  const user = world.random.pick(world.users);
  const isNotified = world.random.oneIn(3);
  world.start(`list the devices of user ${world.users.indexOf(user)}`, async (incarnation) => {
    await tellNewest(world, incarnation, user, (told) => tell(incarnation, told, isNotified));
    return undefined;
  });
}

function companionsOf(world: World, user: ChaosUser): Contact[] {
  return world.contacts.filter((contact) => contact.user === user && contact.device !== 0);
}

/** A user has another phone: the account hears of it by the next list. Companions are linked anew. */
export function startRegisterAnew(world: World): void {
  const users = world.users.filter((user) => companionsOf(world, user).length > 0);
  const user = world.random.pick(users);
  const isNotified = world.random.oneIn(2);
  user.formerRawId = user.rawId;
  user.rawId = world.name();
  user.isAnew = true;
  for (const contact of companionsOf(world, user)) contact.reinstall(GROUPS);
  world.start(`user ${world.users.indexOf(user)} registers anew`, async (incarnation) => {
    await tellNewest(world, incarnation, user, (told) => tell(incarnation, told, isNotified));
    return undefined;
  });
}

/** A list of the registration before arrives once more. It must change nothing. */
export function startReplay(world: World): void {
  // Where no list of the present registration is stored, it would be the newest.
  const users = world.users.filter(
    ({ formerRawId, lid, rawId }) => formerRawId !== undefined && world.lists.rawIdOf(lid) === rawId,
  );
  if (users.length === 0) return;
  const user = world.random.pick(users);
  const isNotified = world.random.oneIn(2);
  const former = { rawId: user.formerRawId ?? 0, timestamp: 1 };
  world.start(`replay a list of user ${world.users.indexOf(user)}`, async (incarnation) => {
    const told = list(world, user, former);
    await tell(incarnation, told, isNotified);
    return formatJid(told.user);
  });
}
