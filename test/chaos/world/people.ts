import type { LidPnMapping } from "../../../src/backend/mod.ts";
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
  const at = world.users.findIndex(({ isTold, pn }) => isTold && pn !== undefined);
  const place = at === -1 ? world.random.below(CAST.length) : at;
  const old = world.users[place] as ChaosUser;
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
  if (user.pn !== undefined) world.lids.set(user.pn, user.lid);
  for (const device of devices) {
    const kind = world.random.oneIn(4) ? "node" : "rust";
    world.contacts.push(
      new Contact(`${kind} ${number}:${device}`, user, device, world.runtime.makePeer(kind)),
    );
  }
  return user;
}

/**
 * How it is told that a phone number and a LID are one user: by the client's own calls, or by a write that
 * moves nothing.
 */
export type Telling = "learn" | "learn and migrate" | "store";

export const TELLINGS: readonly Telling[] = ["learn", "learn and migrate", "store"];

/** Tells that a user's phone number and LID are one. Until it is known to be stored, it is told again. */
export async function tellUser(
  world: World,
  incarnation: Incarnation,
  user: ChaosUser,
  telling: Telling,
): Promise<string | undefined> {
  const { pn, lid } = user;
  if (pn === undefined || user.isTold) return "told already";
  if (telling === "store") {
    world.storedAlone.add(lid);
    await incarnation.account.commitWith([{ kind: "lidMapping.put", entries: [storedMapping(lid, pn)] }]);
  } else await incarnation.client.tellLid(pn, lid, telling === "learn and migrate");
  if (incarnation.isOver || incarnation.isSuperseded) return undefined;
  world.counts.migrations += 1;
  user.isTold = true;
  return "told";
}

function storedMapping(lid: string, phoneNumber: string): LidPnMapping {
  return { lid, phoneNumber, createdAt: 1, updatedAt: 1, learningSource: "other" };
}

/** A process that begins knows which mappings are stored: one may have been stored without being learnt. */
export async function learnMappings(world: World): Promise<void> {
  for (const user of world.users) {
    if (user.pn === undefined || user.isTold) continue;
    user.isTold = (await world.incarnation.account.store.getPnMapping(user.pn)) !== undefined;
  }
}
