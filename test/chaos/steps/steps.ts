/** Everything that may happen in one step, and how often it does. */
import type { World } from "../world/world.ts";
import { contactWrites, deliverIn, deliverOut } from "./conversation.ts";
import { deliverLate, outage, planFaults, refuse, refuseNewSession } from "./faults.ts";
import { contactWritesToGroup, deliverGroupOut, GROUPS, rotateSenderKey, sendToGroup } from "./groups.ts";
import { longOutage } from "./long_outage.ts";
import { startShowBoth, startTell, startTellWrong } from "./mappings.ts";
import { startIdentityConflict } from "./own_identity.ts";
import { reinstall, replaceUser } from "./people_change.ts";
import { offerPreKey } from "./pre_keys.ts";
import { closeAndReopen, crash, secondOwner } from "./processes.ts";
import { startList, startRegisterAnew, startReplay } from "./registrations.ts";
import {
  burst,
  contactOf,
  overtakeRead,
  putOldCopy,
  sendWhileReceiving,
  startDelete,
  startGreet,
  startSend,
} from "./sends.ts";

export interface Step {
  readonly name: string;
  /** How often it is chosen, among all. */
  readonly weight: number;
  run(world: World): void | Promise<void>;
}

function startAdvance(world: World): void {
  const ms = world.random.pick([500, 5_000, 5_000, 9_000, 35_000, 70_000]);
  world.start(`wait ${ms} ms`, (incarnation) => world.advance(incarnation, ms));
}

export const STEPS: readonly Step[] = [
  { name: "send", weight: 230, run: (world) => startSend(world) },
  { name: "burst", weight: 18, run: burst },
  { name: "send while receiving", weight: 25, run: sendWhileReceiving },
  {
    name: "send to a group",
    weight: 50,
    run: (world) => {
      const group = world.random.pick(GROUPS);
      world.start(`send to group ${group}`, (incarnation) => sendToGroup(world, incarnation, group));
    },
  },
  { name: "contact writes", weight: 180, run: (world) => contactWrites(world, contactOf(world)) },
  {
    name: "contact writes to a group",
    weight: 30,
    run: (world) => contactWritesToGroup(world, contactOf(world)),
  },
  { name: "deliver to a contact", weight: 190, run: (world) => deliverOut(world, contactOf(world)) },
  { name: "deliver to a group", weight: 100, run: (world) => deliverGroupOut(world, contactOf(world)) },
  { name: "deliver to the account", weight: 260, run: (world) => deliverIn(world, contactOf(world)) },
  {
    name: "flush",
    weight: 25,
    run: (world) => world.start("flush", (incarnation) => world.flush(incarnation).then(() => undefined)),
  },
  {
    name: "release leases",
    weight: 4,
    run: (world) =>
      world.start("release leases", (incarnation) =>
        world.flush(incarnation, "releaseLeases").then(() => undefined),
      ),
  },
  { name: "clear after flush", weight: 10, run: (world) => world.incarnation.client.clearAfterFlush() },
  {
    name: "clear",
    weight: 2,
    run: (world) => {
      if (world.incarnation.tasks.size === 0) world.clear(world.incarnation);
    },
  },
  { name: "time passes", weight: 25, run: startAdvance },
  { name: "plan faults", weight: 40, run: planFaults },
  { name: "release commits", weight: 40, run: (world) => world.incarnation.link.plan.release() },
  { name: "deliver late commits", weight: 20, run: deliverLate },
  { name: "refuse rows", weight: 6, run: (world) => refuse(world) },
  { name: "refuse a new session", weight: 6, run: refuseNewSession },
  { name: "accept rows", weight: 12, run: (world) => world.incarnation.link.plan.refuse(undefined) },
  { name: "hold reads", weight: 8, run: (world) => world.incarnation.link.holdReads() },
  { name: "release reads", weight: 20, run: (world) => world.incarnation.link.releaseReads() },
  {
    name: "fail reads",
    weight: 6,
    run: (world) => world.incarnation.link.failReads(1 + world.random.below(2)),
  },
  { name: "crash", weight: 12, run: crash },
  { name: "close and reopen", weight: 7, run: closeAndReopen },
  { name: "second owner", weight: 4, run: secondOwner },
  { name: "delete a session", weight: 5, run: startDelete },
  { name: "begin a session", weight: 6, run: startGreet },
  {
    name: "contact begins a session",
    weight: 9,
    run: (world) => {
      contactOf(world).renews = true;
    },
  },
  { name: "contact installs anew", weight: 2, run: reinstall },
  { name: "tell a LID", weight: 10, run: startTell },
  { name: "show a member by both names", weight: 5, run: startShowBoth },
  { name: "tell a wrong pair", weight: 4, run: startTellWrong },
  { name: "list devices", weight: 10, run: startList },
  { name: "register anew", weight: 6, run: startRegisterAnew },
  { name: "replay a device list", weight: 6, run: startReplay },
  { name: "save another identity", weight: 2, run: startIdentityConflict },
  { name: "contacts change", weight: 3, run: (world) => replaceUser(world) },
  { name: "rotate a sender key", weight: 2, run: rotateSenderKey },
  { name: "put an old copy", weight: 8, run: putOldCopy },
  { name: "overtake a read", weight: 5, run: overtakeRead },
  { name: "outage", weight: 6, run: outage },
  { name: "long outage", weight: 1, run: longOutage },
  {
    name: "offer pre-keys",
    weight: 25,
    run: offerPreKey,
  },
];
