/** Processes that have the account open: they end well, crash, and are overtaken by another one. */
import type { CommitFault } from "../../../src/testing/mod.ts";
import type { Link } from "../places/link.ts";
import { learnMappings } from "../world/people.ts";
import type { World } from "../world/world.ts";
import { startSend } from "./sends.ts";

export async function crash(world: World): Promise<void> {
  const { incarnation, random } = world;
  world.counts.crashes += 1;
  world.end(incarnation);
  // What was sent may arrive before the next process opens, or after it, or never.
  if (random.oneIn(2)) incarnation.link.plan.release();
  if (random.oneIn(2)) await world.idle();
  await reopen(world);
}

export async function closeAndReopen(world: World): Promise<void> {
  const { incarnation, random } = world;
  const waits = !random.oneIn(3);
  if (waits) await world.quiesce();
  if (world.violation !== undefined) return;
  const closing = world.close(incarnation);
  incarnation.link.releaseReads();
  for (let round = 0; round < 10; round += 1) {
    incarnation.link.plan.release();
    await world.idle();
  }
  const isSaved = await closing;
  await world.idle();
  if (isSaved && waits) {
    world.counts.cleanReopenings += 1;
    const reserve = world.rows.findReserve(incarnation.client.incarnation);
    if (reserve !== undefined) world.violate(`${reserve}: a clean end left keys to burn`);
  }
  world.end(incarnation);
  await reopen(world);
}

async function reopen(world: World): Promise<void> {
  const { random } = world;
  const faults: CommitFault[] = random.oneIn(4)
    ? [random.pick(["lose-answer", "lose-request"] as const)]
    : [];
  const prepare = (link: Link): void => link.plan.next(...faults);
  await world.open(prepare);
  await learnMappings(world);
}

/** Another process opens the account while this one goes on. */
export async function secondOwner(world: World): Promise<void> {
  const { incarnation, random } = world;
  world.counts.secondOwners += 1;
  for (let sends = random.below(3); sends > 0; sends -= 1) startSend(world, undefined, incarnation);
  const opening = world.open();
  for (let sends = random.below(3); sends > 0; sends -= 1) startSend(world, undefined, incarnation);
  await opening;
  incarnation.isSuperseded = true;
  for (let sends = 1 + random.below(4); sends > 0; sends -= 1) startSend(world, undefined, incarnation);
  world.start(
    "flush by the old owner",
    () => incarnation.account.flush().then(() => "not fenced"),
    incarnation,
  );
  await world.quiesce(incarnation);
  world.end(incarnation);
  await learnMappings(world);
}
