/** What becomes of people: others take their places, and they install anew. */
import type { ChaosUser } from "../world/contact.ts";
import { CAST, newUser } from "../world/people.ts";
import type { World } from "../world/world.ts";
import { GROUPS } from "./groups.ts";
import { contactOf } from "./sends.ts";

/** One user's place is taken by another user, mostly one whose LID was found out. */
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

export function reinstall(world: World): void {
  const contact = contactOf(world);
  world.trace.add(`${contact.name} installs anew`);
  contact.reinstall(GROUPS);
}
