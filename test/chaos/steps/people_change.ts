/** What becomes of people: they install anew, and their phone numbers and LIDs are found to be one. */
import { TELLINGS, tellUser } from "../world/people.ts";
import type { World } from "../world/world.ts";
import { contactOf } from "./sends.ts";

export function reinstall(world: World): void {
  const contact = contactOf(world);
  world.trace.add(`${contact.name} installs anew`);
  contact.reinstall();
}

/** The LID of a phone number becomes known. */
export function startTell(world: World): void {
  const users = world.users.filter(({ isTold }) => !isTold);
  if (users.length === 0) return;
  const user = world.random.pick(users);
  const telling = world.random.pick(TELLINGS);
  const name = `tell user ${world.users.indexOf(user)}: ${telling}`;
  world.start(name, (incarnation) => tellUser(world, incarnation, user, telling));
}
