/** Everything that may happen in one step, and how often it does. */

import type { Write } from "../../src/backend/mod.ts";
import { generateKeyPair } from "../../src/device/mod.ts";
import { BackendError, BusyError } from "../../src/errors/mod.ts";
import { encodePreKey } from "../../src/records/mod.ts";
import type { CommitFault } from "../../src/testing/mod.ts";
import type { Contact } from "./contact.ts";
import {
  contactWrites,
  contactWritesToGroup,
  deliverGroupOut,
  deliverIn,
  deliverLatest,
  deliverLatestToGroup,
  deliverNewest,
  deliverOut,
  GROUPS,
  greet,
  send,
  sendToGroup,
} from "./conversation.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Link } from "./link.ts";
import { learnMappings, replaceUser, TELLINGS, tellUser } from "./people.ts";
import type { World } from "./world.ts";

/** One-time pre-keys that should be on offer. */
const WANTED_PRE_KEYS = 4;

/** Messages that are refused in a long outage: more than receivers let a chain skip. */
const REFUSED_SENDS = 2_100;

/**
 * Most keys that such an outage burns if the cache is asked before each message, with what others burn at the
 * same time.
 */
const MAX_BURNED_ASKED = 256;

/** Connections of dead processes that may still have commits under way. */
const MAX_GHOSTS = 3;

export interface Step {
  readonly name: string;
  /** How often it is chosen, among all. */
  readonly weight: number;
  run(world: World): void | Promise<void>;
}

const contactOf = (world: World): Contact => world.random.pick(world.contacts);

/** Where a message to a contact goes: to either address. */
function addressOf(world: World, contact: Contact): string {
  return world.random.pick(contact.addresses);
}

function startSend(world: World, contact: Contact = contactOf(world), incarnation?: Incarnation): void {
  const address = addressOf(world, contact);
  world.start(`send to ${contact.name}`, (here) => send(world, here, contact, address), incarnation);
}

function burst(world: World): void {
  const contact = contactOf(world);
  const count = world.random.oneIn(4) ? 20 + world.random.below(60) : 2 + world.random.below(10);
  const address = addressOf(world, contact);
  world.start(`send ${count} to ${contact.name}`, async (incarnation) => {
    for (let sent = 0; sent < count; sent += 1) {
      await send(world, incarnation, contact, address);
      if (contact.outbox.length > 4) contact.outbox.splice(world.random.below(4), 1);
    }
    return undefined;
  });
}

/** Both directions of one session at once. */
function sendWhileReceiving(world: World): void {
  const contact = contactOf(world);
  startSend(world, contact);
  deliverIn(world, contact);
  startSend(world, contact);
  deliverIn(world, contact);
}

/** What the next commits meet. */
function planFaults(world: World): void {
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

async function deliverLate(world: World): Promise<void> {
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
function refuse(world: World, { addresses, name }: Contact = contactOf(world)): void {
  const isRefused = (write: Write): boolean =>
    write.kind === "session.put" && addresses.includes(write.address);
  world.trace.add(`refuse ${name}`);
  world.incarnation.link.plan.refuse(isRefused);
}

async function crash(world: World): Promise<void> {
  const { incarnation, random } = world;
  world.counts.crashes += 1;
  world.end(incarnation);
  // What was sent may arrive before the next process opens, or after it, or never.
  if (random.oneIn(2)) incarnation.link.plan.release();
  if (random.oneIn(2)) await world.idle();
  await reopen(world);
}

async function closeAndReopen(world: World): Promise<void> {
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
async function secondOwner(world: World): Promise<void> {
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

function startDelete(world: World): void {
  const contact = contactOf(world);
  const address = addressOf(world, contact);
  world.start(`delete session of ${contact.name}`, async (incarnation) => {
    contact.excuseKnown("deleted");
    await incarnation.client.deleteSession(address);
    contact.excuseKnown("deleted");
    return undefined;
  });
}

function startGreet(world: World): void {
  const contact = contactOf(world);
  const address = addressOf(world, contact);
  world.start(`begin a session with ${contact.name}`, (incarnation) =>
    greet(incarnation, contact, address).then(() => undefined),
  );
}

function reinstall(world: World): void {
  const contact = contactOf(world);
  world.trace.add(`${contact.name} installs anew`);
  contact.reinstall();
}

/** The LID of a phone number becomes known. */
function startTell(world: World): void {
  const users = world.users.filter(({ isTold }) => !isTold);
  if (users.length === 0) return;
  const user = world.random.pick(users);
  const telling = world.random.pick(TELLINGS);
  const name = `tell user ${world.users.indexOf(user)}: ${telling}`;
  world.start(name, (incarnation) => tellUser(world, incarnation, user, telling));
}

/** Somebody without the lock puts a copy that is behind. It must be refused, and nothing be said twice. */
function putOldCopy(world: World): void {
  const contact = contactOf(world);
  const address = contact.mainAddress;
  const between = 1 + world.random.below(3);
  world.start(`put an old copy of ${contact.name}`, async (incarnation) => {
    const put = await incarnation.client.takeStale(address);
    for (let sent = 0; sent < between; sent += 1) await send(world, incarnation, contact, address);
    await put?.();
    return await send(world, incarnation, contact, address);
  });
}

/** A read is slow; meanwhile the session is deleted, begun anew, written, and dropped from memory. */
function overtakeRead(world: World): void {
  const contact = contactOf(world);
  const address = contact.lidAddress;
  world.start(`overtake a read of ${contact.name}`, async (incarnation) => {
    const { client, link } = incarnation;
    await world.flush(incarnation, "releaseLeases");
    client.clearAfterFlush();
    link.holdReads(address);
    const looking = client.look(address).catch(() => {});
    contact.excuseKnown("deleted");
    try {
      await client.deleteSession(address);
      contact.excuseKnown("deleted");
      await send(world, incarnation, contact, address);
      await world.flush(incarnation, "releaseLeases");
      client.clearAfterFlush();
    } finally {
      link.releaseReads();
    }
    await looking;
    return await send(world, incarnation, contact, address);
  });
}

/** A contact begins a session whose row is refused: the pre-key that it consumed must stay. */
async function refuseNewSession(world: World): Promise<void> {
  const contact = contactOf(world);
  if (world.preKeyPool.length === 0) return;
  refuse(world, contact);
  contact.renews = true;
  await contactWrites(world, contact);
  deliverNewest(world, contact);
  world.start("flush", (incarnation) => world.flush(incarnation).then(() => undefined));
}

function outage(world: World): void {
  const { plan } = world.incarnation.link;
  const isOver = world.random.oneIn(2);
  world.trace.add(isOver ? "network up" : "network down");
  if (isOver) plan.clear();
  else plan.always(new BackendError("commit: the network is down"));
}

/**
 * The database is away while the account goes on sending to one contact and one group, more often than
 * receivers let a chain skip. Afterwards both are read.
 */
async function longOutage(world: World): Promise<void> {
  const { random, incarnation } = world;
  const contact = contactOf(world);
  if (contact.needsGreeting) return;
  const { link } = incarnation;
  const index = random.below(GROUPS.length);
  const address = addressOf(world, contact);
  const options = { isUnasked: random.oneIn(2) };
  const sends = [
    (): Promise<unknown> => send(world, incarnation, contact, address, options),
    (): Promise<unknown> => sendToGroup(world, incarnation, index, options),
  ];
  world.counts.longOutages += 1;
  world.trace.add(`long outage, ${options.isUnasked ? "un" : ""}asked: ${contact.name}, group ${index}`);
  // What is dirty already must leave room: nothing that waits for it would go on while the database is away.
  await world.quiesce();
  link.plan.refuse(undefined);
  await world.flush(incarnation).catch((error: unknown) => world.judge(error, "flush before an outage"));
  link.plan.always(new BackendError("commit: the network is down"));
  const before = world.counts.burnedKeys;
  for (const trySend of sends) {
    for (let refused = 0; refused < REFUSED_SENDS; ) {
      await trySend().catch((error: unknown) => {
        refused += 1;
        world.judge(error, "send in an outage");
      });
      if (contact.outbox.length > 4) contact.outbox.splice(1, 1);
    }
  }
  link.plan.clear();
  const burned = world.counts.burnedKeys - before;
  if (!options.isUnasked && burned > MAX_BURNED_ASKED) world.violate(`an outage burned ${burned} keys`);
  await world.flush(incarnation);
  for (const trySend of sends) await trySend();
  await deliverLatest(world, contact);
  await deliverLatestToGroup(world, contact);
}

function uploadPreKeys(world: World): void {
  const id = world.preKeys.size + 1;
  const pair = generateKeyPair(world.random);
  world.preKeys.set(id, prefixed(pair.publicKey));
  world.start(`offer pre-key ${id}`, async (incarnation) => {
    await incarnation.account.store.storePreKey(id, encodePreKey({ id, ...pair }), true);
    if (!incarnation.isOver) world.preKeyPool.push(id);
    return undefined;
  });
}

function prefixed(key: Uint8Array): Uint8Array {
  return new Uint8Array([5, ...key]);
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
      const index = world.random.below(GROUPS.length);
      world.start(`send to group ${index}`, (incarnation) => sendToGroup(world, incarnation, index));
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
  { name: "contacts change", weight: 3, run: (world) => replaceUser(world) },
  {
    name: "rotate a sender key",
    weight: 2,
    run: (world) => {
      const { ourName } = world.random.pick(GROUPS);
      world.start("rotate sender key", (incarnation) =>
        incarnation.client.deleteSenderKey(ourName).then(() => undefined),
      );
    },
  },
  { name: "put an old copy", weight: 8, run: putOldCopy },
  { name: "overtake a read", weight: 5, run: overtakeRead },
  { name: "outage", weight: 6, run: outage },
  { name: "long outage", weight: 1, run: longOutage },
  {
    name: "offer pre-keys",
    weight: 25,
    run: (world) => {
      if (world.preKeyPool.length < WANTED_PRE_KEYS) uploadPreKeys(world);
    },
  },
];
