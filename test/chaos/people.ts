import { AmbiguousError } from "../../src/errors/mod.ts";
import { ChaosUser, Contact } from "./contact.ts";
import type { Incarnation } from "./incarnation.ts";
import type { World } from "./world.ts";

/** Users that a run has at any time: devices, and whether they begin under a phone number. */
const CAST = [
  { devices: [0], hasPn: false },
  { devices: [3], hasPn: false },
  { devices: [0, 5], hasPn: true },
  { devices: [0], hasPn: true },
] as const;

export function populate(world: World): void {
  for (let at = 0; at < CAST.length; at += 1) world.users.push(newUser(world, at));
}

/** One user's place is taken by somebody else, mostly one whose LID was found out. */
export function replaceUser(world: World): void {
  const at = world.users.findIndex(({ isMoved, pn }) => isMoved && pn !== undefined);
  const place = at === -1 ? world.random.below(CAST.length) : at;
  const old = world.users[place] as ChaosUser;
  if (old.isSuspended) return;
  const contacts = world.contacts.filter(({ user }) => user === old);
  world.contacts = world.contacts.filter(({ user }) => user !== old);
  world.users[place] = newUser(world, place);
  for (const contact of contacts) {
    contact.excuseKnown("deleted");
    for (const address of contact.addresses)
      world.start(`forget ${contact.name}`, async (incarnation) => {
        await incarnation.client.deleteSession(address);
        return undefined;
      });
  }
}

function newUser(world: World, place: number): ChaosUser {
  const { devices, hasPn } = CAST[place] as (typeof CAST)[number];
  const number = world.name();
  const user = new ChaosUser(
    String(100_000_000_000_000 + number),
    hasPn ? String(5_511_900_000_000 + number) : undefined,
  );
  for (const device of devices) {
    const kind = world.random.oneIn(4) ? "node" : "rust";
    world.contacts.push(
      new Contact(`${kind} ${number}:${device}`, user, device, world.runtime.makePeer(kind)),
    );
  }
  return user;
}

/** Moves a user's state to its LID, together with the mapping. Until it is known to have happened, it is tried again. */
export async function moveUser(
  world: World,
  incarnation: Incarnation,
  user: ChaosUser,
): Promise<string | undefined> {
  if (user.pn === undefined || user.isMoved) return "moved already";
  // Of two moves at once the one that fails would end the other's mark.
  if (world.moving.has(user) && !user.isSuspended) return "is being moved";
  world.moving.add(user);
  try {
    await incarnation.client.moveUser(user.pn, user.lid, () => {
      if (incarnation.isOver || incarnation.isSuperseded) return;
      world.adoptMove();
      user.isSuspended = true;
    });
  } catch (error) {
    const mayBeMapped = error instanceof AmbiguousError || !incarnation.client.movesAtOnce;
    if (mayBeMapped && !incarnation.isOver) user.isSuspended = true;
    throw error;
  } finally {
    // A move in doubt may be stored yet.
    if (!incarnation.isOver && !user.isSuspended) world.moving.delete(user);
  }
  if (incarnation.isOver) return undefined;
  world.counts.migrations += 1;
  user.isMoved = true;
  user.isSuspended = false;
  world.moving.delete(user);
  return "moved";
}

/** A process that begins reads which mappings are stored: a move may have happened and nobody learnt of it. */
export async function learnMappings(world: World): Promise<void> {
  for (const user of world.users) {
    if (user.pn === undefined || user.isMoved) continue;
    user.isSuspended = (await world.incarnation.account.store.getPnMapping(user.pn)) !== undefined;
  }
}
