/**
 * Random conversations over a Signal cache that fails, crashes and is slow, against an oracle that knows
 * three things: which counters were published, which states a flush has promised, and which pre-key belongs
 * to which session.
 *
 * It does not prove anything about real records, drivers, two owners, or commits that arrive after newer
 * ones.
 */
import { BackendError } from "../../../src/errors/mod.ts";
import { MAX_SKIPPED_MESSAGES } from "../../../src/ratchet/mod.ts";
import type { Durability } from "../../../src/signal/counter_lease.ts";
import type { SignalRecords } from "../../../src/signal/signal_records.ts";
import { SeededRandom } from "../../../src/testing/mod.ts";
import type { Protection } from "../protections/names.ts";
import { leaveOut } from "../protections/protections.ts";
import {
  ALICE,
  BOB,
  CAROL,
  type Connection,
  mappedBy,
  OUR_KEY,
  turn,
  type World,
  world,
} from "./cache_world.ts";
import { CounterRecord } from "./counter_record.ts";
import { type AnyWrite, FakeRows } from "./fake_rows.ts";

/** What a run did. */
export interface ModelReport {
  readonly published: number;
  readonly crashes: number;
  readonly cleanRestarts: number;
  readonly burnedKeys: number;
  readonly failures: number;
  readonly outages: number;
}

/** How a run goes. */
export interface ModelOptions {
  readonly seed: number;
  readonly steps: number;
  readonly off?: readonly Protection[];
}

/** A phone number whose LID is found out now and then. */
const PHONE = "5511999990003";
const PHONE_ADDRESS = `${PHONE}@c.us.0`;
const PHONE_LID = CAROL.slice(0, CAROL.indexOf("@"));

/** Names of everything that has a record. */
const NAMES = [ALICE, BOB, CAROL, PHONE_ADDRESS, OUR_KEY] as const;

/** Most keys that one crash may cost one chain, or one outage if the cache is asked before each message. */
const MAX_BURNED = 64;

/** Messages that a client tries to send in an outage: more than a receiver skips. */
const OUTAGE_SENDS = MAX_SKIPPED_MESSAGES + 100;

/** Runs one conversation. Rejects with what went wrong first, and the seed. */
export async function runModel(options: ModelOptions): Promise<ModelReport> {
  using _ = leaveOut(options.off ?? []);
  const model = new Model(options);
  try {
    await model.run(options.steps);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${options.seed}: ${reason}`, { cause: error });
  }
  return model.report;
}

/** The connection of one process to the rows. Killed, it neither asks nor learns anything any more. */
class Link implements Connection {
  readonly capabilities: Connection["capabilities"];
  readonly #rows: FakeRows;
  #isCut = false;

  constructor(rows: FakeRows) {
    this.#rows = rows;
    this.capabilities = rows.capabilities;
  }

  cut(): void {
    this.#isCut = true;
  }

  commit: Connection["commit"] = (writes) => this.#over(() => this.#rows.commit(writes));
  loadSessionRow: Connection["loadSessionRow"] = (at) => this.#over(() => this.#rows.loadSessionRow(at));
  loadSessionRows: Connection["loadSessionRows"] = (at) => this.#over(() => this.#rows.loadSessionRows(at));
  loadSenderKeyRow: Connection["loadSenderKeyRow"] = (name) =>
    this.#over(() => this.#rows.loadSenderKeyRow(name));
  loadSenderKeyRows: Connection["loadSenderKeyRows"] = (names) =>
    this.#over(() => this.#rows.loadSenderKeyRows(names));
  loadIdentities: Connection["loadIdentities"] = (at) => this.#over(() => this.#rows.loadIdentities(at));
  loadIdentity: Connection["loadIdentity"] = (at) => this.#over(() => this.#rows.loadIdentity(at));
  listSignalAddresses: Connection["listSignalAddresses"] = (users) =>
    this.#over(() => this.#rows.listSignalAddresses(users));

  async #over<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const never = new Promise<never>(() => {});
    if (this.#isCut) return await never;
    try {
      const answer = await ask();
      return this.#isCut ? await never : answer;
    } catch (error) {
      if (this.#isCut) return await never;
      throw error;
    }
  }
}

class Model {
  readonly #random: SeededRandom;
  readonly #options: ModelOptions;
  readonly #rows = new FakeRows();
  #world: World;
  #link: Link;
  /** Operations of this incarnation that are under way. */
  #tasks = new Set<Promise<void>>();
  #incarnation = 0;
  /** The incarnation that first drew the present one's randomness. */
  #randomness = 0;
  #names = 0;
  #version = 0;
  #moves = 0;
  /**
   * Mappings that are known, LIDs by phone number: of the phone from the moment on when it is told, without a
   * move.
   */
  readonly #lids = new Map<string, string>();
  /** Moves of this incarnation that are under way. */
  #moving = 0;
  #violation: Error | undefined;
  readonly #published = new Set<string>();
  /** Counter of the next message that the receiver of each chain expects. */
  readonly #expected = new Map<string, number>();
  /** What each name was last put or deleted as, and what a flush has promised of it. */
  readonly #latest = new Map<string, number>();
  readonly #promised = new Map<string, number>();
  /** Version of the last delete of a name. */
  readonly #deleted = new Map<string, number>();
  /** The session that consumed a pre-key. */
  readonly #consumers = new Map<number, string>();
  /** Copies that were loaded without the lock and may be put later. */
  readonly #stale: { name: string; record: CounterRecord; incarnation: number }[] = [];
  #counts = { published: 0, crashes: 0, cleanRestarts: 0, burnedKeys: 0, failures: 0, outages: 0 };

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#rows.onCommit = (writes) => this.#checkCommit(writes);
    this.#link = new Link(this.#rows);
    this.#world = this.#open();
  }

  get report(): ModelReport {
    return this.#counts;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.#step();
      if (this.#random.oneIn(3)) await turn();
      if (this.#violation !== undefined) throw this.#violation;
    }
    await this.#quiesce();
    await this.#flush(this.#world).catch((error: unknown) => this.#judge(error));
    this.#checkRows();
    if (this.#violation !== undefined) throw this.#violation;
  }

  #open(): World {
    this.#incarnation += 1;
    const capacity = 1 + this.#random.below(3);
    const durability: Durability = this.#random.oneIn(2) ? "strict" : "relaxed";
    const { seed, off = [] } = this.#options;
    const policy = { haltAfter: 1_000 };
    const connect = (): Connection => this.#link;
    const ownerEpoch = this.#incarnation;
    // On a clone of the machine before, randomness repeats.
    if (!this.#random.oneIn(4)) this.#randomness = ownerEpoch;
    const users = mappedBy(this.#lids);
    const options = {
      ...{ seed: seed + this.#randomness, capacity, durability, ownerEpoch, off, policy, connect, users },
    };
    return world(options, this.#rows);
  }

  /** Starts an operation and goes on. */
  #start(operation: (here: World) => Promise<void>): void {
    const task = operation(this.#world).catch((error: unknown) => this.#judge(error));
    this.#tasks.add(task);
    void task.then(() => this.#tasks.delete(task));
  }

  /** What an operation may fail with. Anything else is a violation. */
  #judge(error: unknown): void {
    const code = (error as { code?: string }).code;
    this.#counts.failures += 1;
    if (code === undefined) this.#violation ??= error as Error;
  }

  async #step(): Promise<void> {
    const name = this.#random.pick(NAMES);
    const draw = this.#random.below(100);
    if (draw < 34) this.#start((here) => this.#converse(here, name));
    else if (draw < 38) this.#start((here) => this.#delete(here, name));
    else if (draw < 41) this.#start((here) => this.#load(here, name));
    else if (draw < 43) this.#overtakeRead(name);
    else if (draw < 45) this.#start((here) => this.#takeStale(here, name));
    else if (draw < 48) this.#putStale();
    else if (draw < 58) {
      // As before a flush at the maximum age.
      if (draw < 54) this.#world.cache.flushable.renew?.();
      this.#start((here) => this.#flush(here));
    } else if (draw < 60) this.#start((here) => here.cache.releaseLeases().then(() => {}));
    else if (draw < 61) this.#world.cache.clearAfterFlush();
    else if (draw < 62) this.#clear();
    else if (draw < 63 || (draw < 64 && this.#random.oneIn(4))) this.#start((here) => this.#move(here));
    else if (draw < 64) this.#lids.set(PHONE, PHONE_LID);
    else if (draw < 68) this.#rows.holdCommits();
    else if (draw < 76) this.#rows.releaseCommits();
    else if (draw < 80) this.#rows.holdReads();
    else if (draw < 86) this.#rows.releaseReads();
    else if (draw < 92) this.#fail();
    else if (draw < 94) this.#rows.poison = this.#refusing(name);
    else if (draw < 97) this.#rows.poison = () => false;
    else if (draw < 98) {
      if (this.#random.oneIn(8)) await this.#outage(name);
      else await this.#restart();
    } else await this.#crash();
  }

  #fail(): void {
    const fate = this.#random.pick(["lost", "lost-answer", new BackendError("down")] as const);
    this.#rows.fates.push(fate);
  }

  #refusing(name: string): (write: AnyWrite) => boolean {
    return (write) =>
      (write.kind === "session.put" && write.address === name) ||
      (write.kind === "senderKey.put" && write.name === name);
  }

  #storeOf({ cache }: World, name: string): SignalRecords<CounterRecord> {
    return name === OUR_KEY ? cache.senderKeys : cache.sessions;
  }

  /** One thing that happens in a chat, under its lock; what it sends is published once it may be. */
  async #converse(here: World, name: string): Promise<void> {
    const { cache } = here;
    const isTold = this.#lids.size > 0;
    const what = this.#random.below(20);
    const section = async (at: string): Promise<void> => {
      if (at === CAROL && isTold) await this.#checkStranded(here);
      const store = this.#storeOf(here, at);
      const loaded = await store.load(at);
      this.#checkLoaded(here, at, loaded);
      const record = loaded ?? new CounterRecord();
      const isNew = record.current === undefined || record.current.closed === true;
      let consumedPreKeyId: number | undefined;
      if (isNew || what === 0) {
        record.begin(this.#name("session"), this.#name("chain"));
        consumedPreKeyId = this.#preKeyOf(at, record);
      } else if (what === 1 && record.archive.some(({ closed }) => closed !== true)) {
        record.promote(record.archive.findIndex(({ closed }) => closed !== true));
      } else if (what < 6 && name !== OUR_KEY) record.step(this.#name("chain"));
      else if (what < 9) record.receive();
      record.archive.length = Math.min(record.archive.length, 4);
      const sends = what >= 8;
      if (sends) await cache.sendable(at);
      const sent = sends ? record.send() : undefined;
      record.received = this.#nextVersion();
      const { gated } = await store.put(at, record, { consumedPreKeyId });
      this.#note(here, at, record.received);
      if (sent === undefined) return;
      if (gated) await cache.publishable([at]);
      this.#publish(here, sent);
    };
    if (name === OUR_KEY) await cache.withSenderKey(name, section);
    else await cache.withAddress(name, section);
  }

  /**
   * No commit succeeds while a client goes on sending. Some ask the cache before each message, some do not.
   */
  async #outage(name: string): Promise<void> {
    const here = this.#world;
    const asks = this.#random.oneIn(2);
    const at = name === PHONE_ADDRESS ? ALICE : name;
    this.#counts.outages += 1;
    this.#rows.releaseReads();
    this.#rows.releaseCommits();
    this.#rows.down = new BackendError("commit: the network is down");
    const before = here.cache.stats.burnedKeys;
    for (let refused = 0; refused < OUTAGE_SENDS; ) {
      await this.#send(here, at, asks).catch((error: unknown) => {
        refused += 1;
        this.#judge(error);
      });
    }
    this.#rows.down = undefined;
    const keys = here.cache.stats.burnedKeys - before;
    // What a crash has left to burn may be read in between.
    if (asks && keys > 2 * MAX_BURNED) this.#violation ??= new Error(`an outage burned ${keys} keys`);
  }

  /** Sends one message. */
  async #send(here: World, name: string, asks: boolean): Promise<void> {
    const { cache } = here;
    const section = async (at: string): Promise<void> => {
      const store = this.#storeOf(here, at);
      if (asks) await cache.sendable(at);
      const record = (await store.load(at)) ?? new CounterRecord();
      if (record.current === undefined) record.begin(this.#name("session"), this.#name("chain"));
      const sent = record.send();
      record.received = this.#nextVersion();
      await store.put(at, record);
      this.#note(here, at, record.received);
      await cache.publishable([at]);
      this.#publish(here, sent);
    };
    if (name === OUR_KEY) await cache.withSenderKey(name, section);
    else await cache.withAddress(name, section);
  }

  /** Every other new session is the answer to one of our pre-keys. */
  #preKeyOf(name: string, record: CounterRecord): number | undefined {
    if (name === OUR_KEY || this.#random.oneIn(2)) return undefined;
    const id = this.#consumers.size + 1;
    this.#consumers.set(id, record.current?.start ?? "");
    this.#rows.preKeys.add(id);
    return id;
  }

  async #delete(here: World, name: string): Promise<void> {
    const section = async (at: string): Promise<void> => {
      const version = this.#nextVersion();
      // A flush may take the tombstone before the promise has resolved.
      this.#deleted.set(at, version);
      await this.#storeOf(here, at).delete(at);
      this.#note(here, at, version);
    };
    if (name === OUR_KEY) await here.cache.withSenderKey(name, section);
    else await here.cache.withAddress(name, section);
  }

  async #load(here: World, name: string): Promise<void> {
    await this.#storeOf(here, name).load(name);
  }

  /** During a slow read the record is replaced, written, and dropped from memory. */
  #overtakeRead(name: string): void {
    this.#world.cache.clearAfterFlush();
    this.#rows.holdReads();
    this.#start((here) => this.#load(here, name));
    this.#start((here) => this.#delete(here, name));
    this.#start(async (here) => {
      await this.#converse(here, name);
      await here.engine.flush();
      here.cache.clearAfterFlush();
      this.#rows.releaseReads();
    });
  }

  async #takeStale(here: World, name: string): Promise<void> {
    const incarnation = this.#incarnation;
    const record = await this.#storeOf(here, name).load(name);
    if (record !== undefined && incarnation === this.#incarnation)
      this.#stale.push({ name, record, incarnation });
  }

  /**
   * A caller without the lock puts a copy that may be old: a receive, whose put must not take the counter
   * back.
   */
  #putStale(): void {
    const stale = this.#stale.shift();
    if (stale === undefined || stale.incarnation !== this.#incarnation) return;
    const { name, record } = stale;
    this.#start(async (here) => {
      const section = async (at: string): Promise<void> => {
        const store = this.#storeOf(here, at);
        const there = await store.load(at);
        // Only what goes back on its chain is of interest: anything else would be a lost update, which the
        // lock prevents.
        if (there?.current === undefined || record.current?.chain !== there.current.chain) return;
        if (record.current.next >= there.current.next) return;
        record.received = this.#nextVersion();
        await store.put(at, record);
        this.#note(here, at, record.received);
      };
      if (name === OUR_KEY) await here.cache.withSenderKey(name, section);
      else await here.cache.withAddress(name, section);
    });
  }

  /** Forgets everything, which is allowed while no operation uses what it forgets. */
  #clear(): void {
    if (this.#tasks.size > 0) return;
    this.#world.cache.clear();
    this.#latest.clear();
    this.#stale.length = 0;
  }

  async #move(here: World): Promise<void> {
    this.#moving += 1;
    try {
      await here.cache.moveUser(PHONE, PHONE_LID, {
        moved: () => {
          if (here !== this.#world) return;
          const moved = here.cache.sessions.peek(CAROL)?.received;
          if (moved !== undefined) this.#latest.set(CAROL, moved);
          this.#latest.delete(PHONE_ADDRESS);
        },
      });
    } finally {
      if (here === this.#world) this.#moving -= 1;
    }
  }

  async #flush(here: World): Promise<void> {
    const before = new Map(this.#latest);
    const incarnation = this.#incarnation;
    const moves = this.#moves;
    const report = await here.engine.flush();
    if (incarnation !== this.#incarnation || moves !== this.#moves) return;
    const isolated = new Set(report.isolated.map(({ key }) => key.slice(key.indexOf(":") + 1)));
    for (const [name, version] of before) if (!isolated.has(name)) this.#promised.set(name, version);
    this.#checkRows();
  }

  async #crash(): Promise<void> {
    this.#counts.crashes += 1;
    this.#link.cut();
    // What is under way arrives before the next incarnation begins, or never.
    if (this.#random.oneIn(2)) this.#rows.dropCommits();
    this.#rows.releaseCommits();
    await turn();
    await this.#nextLife();
  }

  async #restart(): Promise<void> {
    await this.#quiesce();
    try {
      await this.#world.cache.releaseLeases();
      await this.#world.engine.close();
    } catch (error) {
      return this.#judge(error);
    }
    if (this.#world.cache.stats.dirty > 0) return;
    this.#counts.cleanRestarts += 1;
    this.#checkReleased(this.#world.cache.incarnation);
    await this.#nextLife();
  }

  /** An incarnation that ended well leaves nothing to burn. */
  #checkReleased(incarnation: string): void {
    for (const { record, lease } of [...this.#rows.sessions.values(), ...this.#rows.senderKeys.values()]) {
      if (lease?.incarnation !== incarnation) continue;
      const { current } = JSON.parse(new TextDecoder().decode(record));
      if (lease.reservedUntil > (current?.next ?? 0))
        this.#violation ??= new Error("a clean end left keys to burn");
    }
  }

  async #nextLife(): Promise<void> {
    this.#link.cut();
    this.#link = new Link(this.#rows);
    this.#tasks = new Set();
    this.#moving = 0;
    this.#latest.clear();
    this.#rows.fates.length = 0;
    this.#rows.down = undefined;
    this.#rows.poison = () => false;
    this.#rows.releaseReads();
    this.#world = this.#open();
    const { cache } = this.#world;
    cache.onEvent((event) => {
      if (event.kind !== "burned") return;
      this.#counts.burnedKeys += event.keys;
      if (event.keys > MAX_BURNED) this.#violation ??= new Error(`a crash burned ${event.keys} keys`);
    });
    this.#checkRows();
  }

  /** Lets everything that was begun end. */
  async #quiesce(): Promise<void> {
    this.#rows.down = undefined;
    this.#rows.poison = () => false;
    this.#rows.fates.length = 0;
    this.#rows.releaseReads();
    this.#rows.releaseCommits();
    await Promise.all(this.#tasks);
  }

  /** What a name is now in the memory of a process. */
  #note(here: World, name: string, version: number): void {
    if (here === this.#world) this.#latest.set(name, version);
  }

  #publish(here: World, { chain, counter }: { chain: string; counter: number }): void {
    // A process that was killed publishes nothing.
    if (here !== this.#world) return;
    const message = `${chain} ${counter}`;
    if (this.#published.has(message)) this.#violation ??= new Error(`${message} was published twice`);
    this.#published.add(message);
    const missing = counter - (this.#expected.get(chain) ?? 0);
    if (missing > MAX_SKIPPED_MESSAGES)
      this.#violation ??= new Error(`${message} cannot be read: ${missing} are missing`);
    this.#expected.set(chain, counter + 1);
    this.#counts.published += 1;
  }

  /** What is loaded is what was put last. */
  #checkLoaded(here: World, name: string, record: CounterRecord | undefined): void {
    if (here !== this.#world) return;
    const version = record?.received ?? this.#deleted.get(name) ?? 0;
    if (version < (this.#latest.get(name) ?? 0))
      this.#violation ??= new Error(`${name}: an older state came back`);
  }

  /**
   * Nothing is left under the phone number for an operation that works at the LID, if the mapping was known
   * when it began.
   */
  async #checkStranded({ cache }: World): Promise<void> {
    // A deletion that is not durable yet hides a row.
    if ((await cache.sessions.load(PHONE_ADDRESS)) !== undefined)
      this.#violation ??= new Error("state is left under the phone number");
  }

  /** What a flush promised is there, or something newer. */
  #checkRows(): void {
    for (const [name, promised] of this.#promised) {
      const row = this.#rows.sessions.get(name) ?? this.#rows.senderKeys.get(name);
      const version =
        row === undefined
          ? (this.#deleted.get(name) ?? 0)
          : JSON.parse(new TextDecoder().decode(row.record)).received;
      if (version < promised) this.#violation ??= new Error(`${name}: what a flush promised is not there`);
    }
  }

  /** A pre-key goes in the commit that writes its session, and in no other. */
  #checkCommit(writes: readonly AnyWrite[]): void {
    this.#noteMove(writes);
    for (const write of writes) {
      if (write.kind !== "preKey.remove") continue;
      const start = this.#consumers.get(write.id) ?? "";
      const isThere = writes.some(
        (other) =>
          other.kind === "session.put" && new TextDecoder().decode(other.record).includes(`"${start}"`),
      );
      if (!isThere) this.#violation ??= new Error(`pre-key ${write.id} is gone without its session`);
    }
  }

  /** What a move has made of the two addresses is no older state of them. */
  #noteMove(writes: readonly AnyWrite[]): void {
    const isThere = (kind: string, address: string): boolean =>
      writes.some((write) => write.kind === kind && "address" in write && write.address === address);
    if (this.#moving === 0 && this.#lids.size === 0) return;
    if (!isThere("session.delete", PHONE_ADDRESS) || !isThere("session.put", CAROL)) return;
    this.#moves += 1;
    for (const name of [CAROL, PHONE_ADDRESS]) {
      this.#promised.delete(name);
      this.#latest.delete(name);
    }
  }

  #name(kind: string): string {
    this.#names += 1;
    return `${kind} ${this.#names}`;
  }

  #nextVersion(): number {
    this.#version += 1;
    return this.#version;
  }
}
