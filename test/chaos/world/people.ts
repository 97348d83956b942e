import { ChaosUser, Contact } from "./contact.ts";
import type { World } from "./world.ts";

/** Users that a run has at any time: devices, and whether they begin under a phone number. */
export const CAST = [
  { devices: [0], hasPn: false },
  { devices: [3], hasPn: false },
  { devices: [0, 5], hasPn: true },
  { devices: [0], hasPn: true },
] as const;

export function populate(world: World): void {
  for (let at = 0; at < CAST.length; at += 1) world.users.push(newUser(world, at));
}

/** A user that the account does not know. */
export function newUser(world: World, place: number): ChaosUser {
  const { devices, hasPn } = CAST[place] as (typeof CAST)[number];
  const number = world.name();
  const user = new ChaosUser(
    String(100_000_000_000_000 + number),
    hasPn ? String(5_511_900_000_000 + number) : undefined,
    { listed: world.random.oneIn(2) ? [...new Set([0, ...devices])] : [0], rawId: world.name() },
  );
  if (user.pn !== undefined) world.lids.set(user.pn, user.lid);
  for (const device of devices) {
    const kind = world.random.oneIn(4) ? "node" : "rust";
    world.contacts.push(
      new Contact(`${kind} ${number}:${device}`, user, device, world.runtime.makePeer(kind)),
    );
  }
  return user;
}

/** A process that begins knows which mappings are stored: one may have been stored without being learnt. */
export async function learnMappings(world: World): Promise<void> {
  for (const user of world.users) {
    if (user.pn === undefined || user.isTold) continue;
    user.isTold = (await world.incarnation.account.store.getPnMapping(user.pn)) !== undefined;
  }
}
