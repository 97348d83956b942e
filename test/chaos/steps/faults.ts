/** What goes wrong between the account and its database. */
import type { Write } from "../../../src/backend/mod.ts";
import { BackendError, BusyError } from "../../../src/errors/mod.ts";
import type { CommitFault } from "../../../src/testing/mod.ts";
import type { Contact } from "../world/contact.ts";
import type { World } from "../world/world.ts";
import { contactWrites, deliverNewest } from "./conversation.ts";
import { contactOf } from "./sends.ts";

/** Connections of dead processes that may still have commits under way. */
const MAX_GHOSTS = 3;

/** What the next commits meet. */
export function planFaults(world: World): void {
  const { random, incarnation } = world;
  const faults: CommitFault[] = [];
  const lost: readonly CommitFault[] = ["lose-answer", "lose-request"];
  const draw = random.below(10);
  if (draw < 3) faults.push(random.pick(lost));
  else if (draw < 5) for (let sends = 0; sends < 3; sends += 1) faults.push(random.pick(lost));
  else if (draw < 7) faults.push(new BackendError("commit: the network is down"));
  else if (draw < 8) faults.push(new BusyError("commit: busy"), "pass");
  else faults.push("hold");
  world.trace.add(`fault ${faults.map((fault) => (fault instanceof Error ? fault.name : fault)).join()}`);
  incarnation.link.plan.next(...faults);
}

export async function deliverLate(world: World): Promise<void> {
  const links = [world.incarnation.link, ...world.ghosts];
  for (const link of links) {
    link.plan.release();
    const outcomes = await link.plan.deliverLate();
    world.counts.lateCommits += outcomes.length;
    if (outcomes.length > 0)
      world.trace.add(`late ${outcomes.map((each) => ("error" in each ? "refused" : "applied")).join()}`);
  }
  if (world.ghosts.length > MAX_GHOSTS) world.ghosts.shift();
}

/** The rows of one address are refused for a while. */
export function refuse(world: World, { addresses, name }: Contact = contactOf(world)): void {
  const isRefused = (write: Write): boolean =>
    write.kind === "session.put" && addresses.includes(write.address);
  world.trace.add(`refuse ${name}`);
  world.incarnation.link.plan.refuse(isRefused);
}

/** A contact begins a session whose row is refused: the pre-key that it consumed must stay. */
export async function refuseNewSession(world: World): Promise<void> {
  const contact = contactOf(world);
  if (world.preKeyPool.length === 0) return;
  refuse(world, contact);
  contact.renews = true;
  await contactWrites(world, contact);
  deliverNewest(world, contact);
  world.start("flush", (incarnation) => world.flush(incarnation).then(() => undefined));
}

export function outage(world: World): void {
  const { plan } = world.incarnation.link;
  const isOver = world.random.oneIn(2);
  world.trace.add(isOver ? "network up" : "network down");
  if (isOver) plan.clear();
  else plan.always(new BackendError("commit: the network is down"));
}
