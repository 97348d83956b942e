/**
 * A client and its peers, whose object loses its memory at random: by evictions and by aborts. The peers, and
 * what was promised to them, are outside of the object.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, type ObjectStub } from "cloudflare:workers";
import type { Account } from "../../../src/account/mod.ts";
import { SeededRandom } from "../../../src/testing/mod.ts";
import { CannotDecrypt, type ClientObserver, NoSession } from "../../chaos/clients/client.ts";
import { ChaosPeer, RustPeerSessions } from "../../chaos/clients/peer.ts";
import { RustClient } from "../../chaos/clients/rust_client.ts";
import { RustEngine, type RustLibrary } from "../../chaos/clients/rust_library.ts";
import { nameOf, type Sealed } from "../../chaos/clients/wire.ts";
import type { HoldfastObject } from "./objects.ts";

const PEERS = 4;

/** Waits between steps in milliseconds: within a burst, around a slow turn, a pause, housekeeping. */
const WAITS_MS: readonly number[] = [0, 20, 500, 1_000, 2_999, 3_000, 8_000, 20_000, 61_000, 3_600_000];

/** After this time without a change the object holds no reserve. */
const PAUSE_MS = 8_000;

const RUST_LIBRARY: string = "whatsapp-rust-bridge";

/** Something that must not happen. */
export class Broken extends Error {}

/** How an object is misused, to see that the run notices it. */
export interface EvictionOptions {
  readonly seed: number;
  readonly steps: number;
  readonly durability?: "strict" | "relaxed";
  /** Only evictions after a pause, or a slow turn that follows one: they must burn no key. */
  readonly isClean?: boolean;
  /** Lets messages leave before their gates are open. */
  readonly withoutGate?: boolean;
}

/** Counts of a run. */
export interface EvictionCounts {
  sent: number;
  received: number;
  evicted: number;
  aborted: number;
  alarms: number;
  stored: number;
  /** Counters of chains that never left. */
  burned: number;
}

interface Peer {
  readonly address: string;
  readonly peer: ChaosPeer;
  /** What the object was not yet known to have received. */
  readonly outbox: { readonly text: string; readonly message: Sealed; tries: number }[];
  /** The counters of each chain of the object that have left. */
  readonly counters: Map<string, Set<number>>;
  /** The peer's own work, one after the other. */
  turn: Promise<unknown>;
}

interface Incarnation {
  readonly account: Account;
  readonly client: RustClient;
}

const UNOBSERVED: ClientObserver = {
  loaded: () => {},
  changed: () => 0,
  published: () => {},
  identityChanged: () => {},
  currentChanged: () => {},
  broke: () => {},
  lidOf: () => undefined,
  event: () => {},
};

let runs = 0;

/** Runs the steps of a seed. @throws {Broken} When a promise was broken. */
export async function runEvictions(options: EvictionOptions): Promise<EvictionCounts> {
  const library = (await import(/* @vite-ignore */ RUST_LIBRARY)) as RustLibrary;
  runs += 1;
  const run = new EvictedObject(library, `evicted ${runs} ${options.durability ?? "strict"}`, options);
  await run.start();
  for (let step = 0; step < options.steps; step += 1) await run.step();
  await run.end();
  return run.counts;
}

class EvictedObject {
  readonly counts: EvictionCounts = {
    ...{ sent: 0, received: 0, evicted: 0, aborted: 0, alarms: 0, stored: 0, burned: 0 },
  };
  readonly #engine: RustEngine;
  readonly #name: string;
  readonly #options: EvictionOptions;
  readonly #random: SeededRandom;
  readonly #peers: readonly Peer[];
  readonly #incarnations = new WeakMap<HoldfastObject, Promise<Incarnation>>();
  readonly #stored: string[] = [];
  #logins = 0;
  #texts = 0;

  constructor(library: RustLibrary, name: string, options: EvictionOptions) {
    this.#engine = new RustEngine(library);
    this.#name = name;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#peers = Array.from({ length: PEERS }, (_, index) => ({
      address: `10000000000${index}@lid.0`,
      peer: new ChaosPeer(library, this.#engine, (keys) => new RustPeerSessions(this.#engine, keys)),
      outbox: [],
      counters: new Map(),
      turn: Promise.resolve(),
    }));
  }

  /** A stub is broken by an abort, so each call has a new one. */
  get #stub(): ObjectStub {
    return env.HOLDFAST.get(env.HOLDFAST.idFromName(this.#name));
  }

  async start(): Promise<void> {
    for (const peer of this.#peers) {
      await this.#greet(peer);
      await this.#send(peer);
    }
    await this.#pass(60_000);
  }

  async step(): Promise<void> {
    const { length } = WAITS_MS;
    switch (this.#random.below(11)) {
      case 0:
      case 1:
      case 2:
        return await this.#send(this.#peer());
      case 3:
        await Promise.all(Array.from({ length: 2 + this.#random.below(7) }, () => this.#send(this.#peer())));
        return;
      case 4:
      case 5:
        return await this.#receive(this.#peer());
      case 6:
        return await this.#store();
      case 7:
        return await this.#login();
      case 8:
        return await (this.#options.isClean === true ? this.#rest() : this.#evict());
      case 9:
        return await (this.#options.isClean === true ? this.#rest() : this.#abort());
      default:
        return await this.#pass(WAITS_MS[this.#random.below(length)] ?? 0);
    }
  }

  /** Everything that was promised is there, in an object that wakes up once more. */
  async end(): Promise<void> {
    await (this.#options.isClean === true ? this.#rest() : this.#evict());
    for (const peer of this.#peers) {
      while (peer.outbox.length > 0) await this.#deliver(peer);
      await this.#send(peer);
    }
    await this.#in(async ({ account }) => {
      for (const id of this.#stored) {
        if ((await account.store.getGroupMetadata(id)) === undefined) throw this.#broken(`${id} is lost`);
      }
      const { loginCounter } = account.device.getDeviceSnapshot();
      if (loginCounter < this.#logins) throw this.#broken(`login ${this.#logins} is lost`);
    });
    for (const { counters } of this.#peers) {
      for (const left of counters.values()) this.counts.burned += Math.max(...left) + 1 - left.size;
    }
    await this.#pass(120_000);
    await runInDurableObject(this.#stub, async (instance, { storage }) => {
      const { timers } = instance as HoldfastObject;
      const alarmAtMs = await storage.getAlarm();
      if (timers.scheduled.length > 0 || alarmAtMs !== null) throw this.#broken("the object does not rest");
    });
  }

  #peer(): Peer {
    return this.#random.pick(this.#peers);
  }

  async #greet({ address, peer }: Peer): Promise<void> {
    const bundle = peer.bundle();
    await this.#in(async ({ client }) => await client.greet(address, bundle));
  }

  async #send(to: Peer): Promise<void> {
    this.#texts += 1;
    const text = `message ${this.#texts}`;
    const encrypt = () => this.#in(({ client }) => client.encrypt(to.address, text));
    let sealed: Sealed;
    try {
      sealed = await encrypt();
    } catch (error) {
      // Its greeting was lost with the memory, before anything left.
      if (!(error instanceof NoSession)) throw error;
      await this.#greet(to);
      sealed = await encrypt();
    }
    await this.#left(to, sealed, text);
  }

  /** A ciphertext has left the object. */
  async #left(to: Peer, sealed: Sealed, text: string): Promise<void> {
    const { peer, counters } = to;
    const { chain, counter } = nameOf(sealed);
    const left = counters.get(chain) ?? new Set();
    counters.set(chain, left);
    if (left.has(counter)) throw this.#broken(`${chain}#${counter} left twice`);
    left.add(counter);
    this.counts.sent += 1;
    const read = await inTurn(to, () => peer.sessions.decrypt(sealed)).catch((error: unknown) => {
      if (this.#options.durability === "relaxed") return text;
      throw this.#broken(`message ${chain}#${counter} cannot be read: ${String(error)}`);
    });
    if (read !== text) throw this.#broken("another text was read");
  }

  async #receive(from: Peer): Promise<void> {
    if (from.peer.sessions.isEmpty) return;
    this.#texts += 1;
    const text = `answer ${this.#texts}`;
    const message = await inTurn(from, () => from.peer.sessions.encrypt(text));
    from.outbox.push({ text, message, tries: 0 });
    // A ratchet keeps only a few of the peer's former chains.
    while (from.outbox.length > 0) await this.#deliver(from);
  }

  /** Delivers one message. It stays in the outbox until the object has answered that it was read. */
  async #deliver({ address, outbox }: Peer): Promise<void> {
    const next = outbox[this.#random.below(outbox.length)];
    if (next === undefined) return;
    next.tries += 1;
    try {
      const text = await this.#in(({ client }) => client.decrypt(address, next.message));
      if (text !== next.text) throw this.#broken("another text was received");
      this.counts.received += 1;
    } catch (error) {
      if (!(error instanceof CannotDecrypt)) throw error;
      const { chain, counter } = nameOf(next.message);
      // An earlier try was carried out, and its answer was lost.
      if (next.tries === 1 && this.#options.durability !== "relaxed")
        throw this.#broken(`answer ${chain}#${counter} cannot be read: ${String(error)}`);
    }
    const at = outbox.indexOf(next);
    if (at >= 0) outbox.splice(at, 1);
  }

  async #store(): Promise<void> {
    this.#texts += 1;
    const id = `${this.#texts}@g.us`;
    await this.#in(({ account }) => account.store.putGroupMetadata(id, Uint8Array.of(1)));
    this.#stored.push(id);
    this.counts.stored += 1;
  }

  async #login(): Promise<void> {
    this.#logins = await this.#in(async ({ account }) => {
      account.device.processCommand({ kind: "incrementLoginCounter" });
      await account.flush();
      return account.device.getDeviceSnapshot().loginCounter;
    });
  }

  async #evict(): Promise<void> {
    // It may have been evicted before.
    await this.#in(async () => {});
    await evictDurableObject(this.#stub);
    this.counts.evicted += 1;
  }

  /** Evicts the object when it holds no reserve: after a pause, or at the end of a slow turn. */
  async #rest(): Promise<void> {
    await this.#pass(PAUSE_MS);
    if (this.#random.oneIn(2)) await this.#send(this.#peer());
    await this.#evict();
  }

  /** Ends the object while it works. What it has not answered by then was not promised. */
  async #abort(): Promise<void> {
    const isLost = (error: unknown): void => {
      if (error instanceof Broken) throw error;
    };
    const works = [() => this.#send(this.#peer()), () => this.#receive(this.#peer()), () => this.#store()];
    const working = Array.from({ length: this.#random.below(5) }, () =>
      this.#random.pick(works)().catch(isLost),
    );
    for (let turns = this.#random.below(4); turns > 0; turns -= 1) await macrotask();
    for (let hops = this.#random.below(40); hops > 0; hops -= 1) await Promise.resolve();
    await runInDurableObject(this.#stub, (_instance, state) => state.abort("told to")).catch(() => {});
    await Promise.all(working);
    this.counts.aborted += 1;
  }

  /** Lets the object's time pass, with its timers and its alarm. */
  async #pass(ms: number): Promise<void> {
    const passed = await this.#in(async (_, instance) => instance.clock.nowMs() + ms);
    for (;;) {
      const isDue = await runInDurableObject(this.#stub, async (instance, { storage }) => {
        const { clock, timers } = instance as HoldfastObject;
        for (;;) {
          await runDue(timers);
          const alarmAtMs = await storage.getAlarm();
          if (alarmAtMs !== null && alarmAtMs <= clock.nowMs()) return true;
          if (clock.nowMs() >= passed) return false;
          const dueMs = timers.scheduled.map((name) => timers.dueAtMs(name) ?? passed);
          clock.set(Math.max(clock.nowMs(), Math.min(passed, alarmAtMs ?? passed, ...dueMs)));
        }
      });
      if (!isDue) break;
      await runDurableObjectAlarm(this.#stub);
      this.counts.alarms += 1;
    }
  }

  /** Runs code inside the object. It resolves once everything that was written before is on disk. */
  async #in<T>(work: (here: Incarnation, instance: HoldfastObject) => Promise<T>): Promise<T> {
    return await runInDurableObject(this.#stub, async (instance) => {
      const object = instance as HoldfastObject;
      const opening = this.#incarnations.get(object) ?? this.#open(object);
      this.#incarnations.set(object, opening);
      const result = await work(await opening, object);
      // The end of the turn.
      await runDue(object.timers);
      return result;
    });
  }

  async #open(object: HoldfastObject): Promise<Incarnation> {
    const account = await object.holdfast.account();
    const client = new RustClient(this.#engine, account, UNOBSERVED);
    if (this.#options.withoutGate === true) {
      const { signalCache } = await import("../../../src/signal/mod.ts");
      signalCache(account).publishable = async () => {};
    }
    return { account, client };
  }

  #broken(what: string): Broken {
    const { seed, steps } = this.#options;
    return new Broken(`seed ${seed} of ${steps} steps: ${what}`);
  }
}

function inTurn<T>(peer: Peer, work: () => Promise<T>): Promise<T> {
  const done = peer.turn.then(work);
  peer.turn = done.catch(() => {});
  return done;
}

/** Runs what is due now. The clock must not move before. */
async function runDue(timers: HoldfastObject["timers"]): Promise<void> {
  do await macrotask();
  while ((await timers.runDue()) > 0);
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
