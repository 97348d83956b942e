/** What a run knows: the account's processes, its contacts, what has left, and what must be true. */
import type { Backend, Write } from "../../../src/backend/mod.ts";
import { hexOf, MAX_KEY_ID } from "../../../src/bytes/mod.ts";
import { generateKeyPair } from "../../../src/device/mod.ts";
import { encodePreKey } from "../../../src/records/mod.ts";
import { RewindError, type SignalCacheEvent } from "../../../src/signal/mod.ts";

import { DeviceLists } from "../checks/device_lists.ts";
import { Ledger } from "../checks/ledger.ts";
import { movedKeys } from "../checks/moved_keys.ts";
import { wrongPairIn } from "../checks/own_pair.ts";
import { PreKeyRows } from "../checks/pre_key_rows.ts";
import { ABSENT } from "../checks/record_digest.ts";
import { Rows } from "../checks/rows.ts";
import { type Bundle, CannotDecrypt, type ClientObserver, NoSession } from "../clients/client.ts";
import type { Link } from "../places/link.ts";
import { bundleOf } from "./account_bundle.ts";
import type { ChaosRuntime, WorldOptions } from "./chaos_runtime.ts";
import type { ChaosUser, Contact } from "./contact.ts";
import { type ChaosCounts, newCounts } from "./counts.ts";
import { Incarnation, OUR_LID_USER, OUR_PN_USER } from "./incarnation.ts";
import { StepRandom } from "./step_random.ts";
import { Trace } from "./violation.ts";

/** Most keys that one crash may cost one chain. */
const MAX_BURNED_PER_CRASH = 64;

/** Times that everything is let go on before what still waits is reported as never ending. */
const MAX_ROUNDS = 40;

/** What is under way to the database arrives after so many turns of the queue. */
const TURNS_PER_ARRIVAL = 10;

/** What a seed decides once. */
interface Policy {
  readonly durability: "strict" | "relaxed";
  readonly capacity: number;
  readonly pending: number | undefined;
  /** Where the ids of pre-keys begin: some runs go round the end of them. */
  readonly preKeysFrom: number;
}

/** Ids of pre-keys that are stored when the account is opened first, where ids begin near their end. */
const STORED_PRE_KEYS = [1, 2, 3];

export class World {
  readonly random: StepRandom;
  readonly trace: Trace;
  readonly counts: ChaosCounts = newCounts();
  readonly ledger: Ledger = new Ledger();
  readonly rows: Rows = new Rows();
  readonly runtime: ChaosRuntime;
  readonly options: WorldOptions;
  contacts: Contact[] = [];
  users: ChaosUser[] = [];
  /** LIDs by phone number, of everybody there has been. */
  readonly lids: Map<string, string> = new Map();
  /** Device lists as commits have made them. */
  readonly lists: DeviceLists = new DeviceLists((name) => this.lids.get(name) ?? name);
  /** Keys of companions of users who have registered anew: they are being deleted. */
  readonly dropping: Set<string> = new Set();
  /** LIDs whose mapping may have been stored without moving state. */
  readonly storedAlone: Set<string> = new Set();
  /** Connections of processes that are gone, whose commits may still be under way. */
  ghosts: Link[] = [];
  /** Sessions that consumed a pre-key, by its id. */
  readonly consumers: Map<number, string> = new Map();
  /** One-time pre-keys of the account that may be handed out. */
  readonly preKeyPool: number[] = [];
  /** Public parts of those that were made, by id. */
  readonly preKeys: Map<number, Uint8Array> = new Map();
  readonly #preKeyRows = new PreKeyRows();
  #incarnation: Incarnation | undefined;
  #incarnations = 0;
  #owner: Link | undefined;
  #bundle: Bundle | undefined;
  /** A connection of nobody's, to look into the database. */
  #inspector: Backend | undefined;
  #violation: { reason: string; cause: unknown } | undefined;
  readonly #left = new Set<string>();
  readonly #policy: Policy;
  #names = 0;
  #taskNumber = 0;

  constructor(runtime: ChaosRuntime, options: WorldOptions) {
    this.runtime = runtime;
    this.options = options;
    this.trace = new Trace(options.told);
    this.random = new StepRandom(options.seed);
    const { random } = this;
    this.#policy = {
      durability: random.oneIn(2) ? "strict" : "relaxed",
      capacity: random.oneIn(4) ? 2_000 : 1 + random.below(5),
      pending: random.oneIn(3) && !runtime.sharesQueues ? 3 + random.below(20) : undefined,
      preKeysFrom: random.oneIn(2) ? 1 : MAX_KEY_ID - random.below(6),
    };
    this.trace.add(JSON.stringify(this.#policy));
  }

  get incarnation(): Incarnation {
    if (this.#incarnation === undefined) throw new Error("no process has the account open");
    return this.#incarnation;
  }

  get isStrict(): boolean {
    return this.#policy.durability === "strict";
  }

  get violation(): { readonly reason: string; readonly cause: unknown } | undefined {
    return this.#violation;
  }

  /** A number that nothing else has in this run. */
  name(): number {
    this.#names += 1;
    return this.#names;
  }

  violate(reason: string, cause?: unknown): void {
    this.#violation ??= { reason, cause };
  }

  /**
   * Opens the account in a new process, which takes it over. Now and then it is on a clone of the machine
   * before.
   */
  async open(prepare?: (link: Link) => void): Promise<Incarnation> {
    this.#incarnations += 1;
    const { durability, capacity, pending, preKeysFrom } = this.#policy;
    const before = this.#incarnation;
    const isCloned = before !== undefined && this.random.oneIn(4);
    if (isCloned) {
      this.counts.clones += 1;
      this.trace.add("on a cloned machine");
    }
    const incarnation = await Incarnation.open(this.#incarnations, {
      ...this.runtime,
      mourns: this.runtime.sharesQueues,
      observer: (opened) => this.#observe(opened),
      applied: (writes, link) => this.#applied(writes, link),
      seed: this.options.seed,
      sameRandomnessAs: isCloned ? before.randomness : undefined,
      startMs: before?.host.clock.nowMs(),
      durability,
      capacity,
      preKeysFrom,
      policy: pending === undefined ? {} : { maxPendingItems: pending },
      off: this.options.off,
      prepare,
    });
    this.#incarnation = incarnation;
    if (before === undefined && preKeysFrom > 1) await storePreKeys(incarnation);
    const bundle = bundleOf(incarnation.account);
    this.#bundle ??= bundle;
    if (hexOf(bundle.identityKey) !== hexOf(this.#bundle.identityKey))
      this.violate("the account has another identity");
    return incarnation;
  }

  /** Starts something in the present process and goes on. What it fails with is judged. */
  start(
    name: string,
    operation: (incarnation: Incarnation) => Promise<string | undefined>,
    incarnation: Incarnation = this.incarnation,
  ): void {
    this.#taskNumber += 1;
    const number = this.#taskNumber;
    this.trace.add(`#${number} ${name}`);
    const run = async (): Promise<void> => {
      const outcome = await operation(incarnation).catch((error: unknown) => this.judge(error, name));
      if (!incarnation.isOver) this.trace.add(`#${number} → ${outcome ?? "done"}`);
    };
    const task = run();
    incarnation.tasks.set(task, `#${number} ${name}`);
    void task.then(() => incarnation.tasks.delete(task));
  }

  /** What an operation may fail with; anything else is a violation. */
  judge(error: unknown, name: string): string {
    if (error instanceof NoSession) return "no session";
    const { code } = error as { code?: string };
    if (code === undefined || error instanceof RewindError || error instanceof CannotDecrypt) {
      this.violate(`${name}: ${String(error)}`, error);
      return "violation";
    }
    return code;
  }

  /** A ciphertext leaves. @returns False when the process is gone and it does not. */
  leave(incarnation: Incarnation, messageKey: string): boolean {
    if (incarnation.isOver) return false;
    if (this.#left.has(messageKey)) this.violate("a message key has left twice");
    this.#left.add(messageKey);
    incarnation.published += 1;
    return true;
  }

  /** Makes everything durable that was changed before, unless it fails. */
  async flush(incarnation: Incarnation, how: "flush" | "releaseLeases" = "flush"): Promise<void> {
    const changes = this.ledger.snapshot();
    const { isolated } = await incarnation.client[how]();
    if (this.#isOwner(incarnation.link))
      this.ledger.promise(changes, new Set(isolated.map(({ key }) => key)));
  }

  /** Closes the account as it should be. @returns Whether everything is durable. */
  async close(incarnation: Incarnation): Promise<boolean> {
    const changes = this.ledger.snapshot();
    const failure = await incarnation.account.close().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) this.judge(failure, "close");
    else if (this.#isOwner(incarnation.link)) this.ledger.promise(changes);
    return failure === undefined;
  }

  /** A process is gone. What it was reading will be delivered again. */
  end(incarnation: Incarnation): void {
    for (const contact of this.contacts) this.#findOrphans(incarnation, contact);
    for (const contact of incarnation.dropping) contact.excuseKnown("deleted");
    this.counts.failedCommits += incarnation.link.failedCommits;
    this.counts.evictions += incarnation.link.reloads;
    incarnation.end();
    incarnation.link.releaseReads();
    for (const [mail, contact] of [...incarnation.reading].reverse()) {
      mail.repeated = true;
      if (mail.installation === contact.installation) contact.inbox.unshift(mail);
    }
    incarnation.reading.clear();
    this.ghosts.push(incarnation.link);
  }

  /** Nothing goes on. */
  dispose(): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    incarnation.end();
    incarnation.link.releaseReads();
    incarnation.link.plan.release();
  }

  /**
   * Resolves when nothing goes on any more without being let: after all that is queued, and what the database
   * is asked.
   */
  async idle(): Promise<void> {
    const { turn, backend } = this.runtime;
    await turn();
    await backend.idle?.();
  }

  /** Lets what was begun go on for a while. */
  async goOn(turns: number): Promise<void> {
    const { backend } = this.runtime;
    for (let left = turns; left > 0; left -= 1)
      await (backend.arrive !== undefined && left % TURNS_PER_ARRIVAL === 0
        ? backend.arrive()
        : Promise.resolve());
  }

  /** Lets everything that was begun end. */
  async quiesce(incarnation: Incarnation = this.incarnation): Promise<void> {
    const { link, host } = incarnation;
    link.plan.clear();
    link.failReads(0);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      link.releaseReads();
      link.plan.release();
      await this.idle();
      if (incarnation.tasks.size === 0 && link.plan.held === 0) return;
      // Retries and back-pressure wait for the clock, and what moves the clock may wait for them.
      if (round > 4) {
        this.start("wait 5 s", () => this.#moveClock(incarnation, 5_000), incarnation);
        await this.idle();
      }
    }
    this.violate(`never ends: ${[...incarnation.tasks.values()].join(", ")} at ${host.clock.nowMs()}`);
  }

  async advance(incarnation: Incarnation, ms: number): Promise<string | undefined> {
    if (incarnation.clockMoves > 0) return "already";
    await this.#moveClock(incarnation, ms);
    return undefined;
  }

  async #moveClock(incarnation: Incarnation, ms: number): Promise<undefined> {
    incarnation.clockMoves += 1;
    try {
      await incarnation.host.scheduler.advance(ms);
    } finally {
      incarnation.clockMoves -= 1;
    }
  }

  /** What must be true at any moment. */
  check(): void {
    const { ledger } = this;
    const broken = ledger.findBroken();
    if (broken !== undefined) this.violate(broken);
    const incarnation = this.#incarnation;
    if (incarnation === undefined || incarnation.isOver || !this.#isOwner(incarnation.link)) return;
    const { dirty, gated } = incarnation.client;
    if (ledger.behind > dirty) this.violate(`${ledger.behind} changes are not durable, ${dirty} are dirty`);
    if (ledger.shut > gated)
      this.violate(`${ledger.shut} addresses wait for a commit, ${gated} gates are shut`);
    const [failure] = incarnation.host.scheduler.failures;
    if (failure !== undefined) this.violate(`task ${failure.name} rejected`, failure.error);
  }

  /** What must be true once everything has come to rest: the database has what it was told. */
  async checkRows(): Promise<void> {
    const foreign = this.ledger.findForeign();
    if (foreign !== undefined) this.violate(foreign);
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    this.#inspector ??= await this.runtime.backend.connect(incarnation.host, undefined);
    const backend = this.#inspector;
    for (const key of this.rows.takeTouched()) {
      const difference = await this.rows.compare(backend, key);
      if (difference !== undefined) this.violate(difference);
    }
  }

  /** Clears memory, which is allowed while no operation uses what it forgets. */
  clear(incarnation: Incarnation): void {
    if (incarnation.client.clear === undefined) return;
    for (const contact of this.contacts) this.#findOrphans(incarnation, contact);
    incarnation.client.clear();
    this.ledger.forgetMemory();
  }

  #isOwner(link: Link): boolean {
    return link === this.#owner;
  }

  #observe(incarnation: Incarnation): ClientObserver {
    const current = (): boolean => !incarnation.isOver && this.#isOwner(incarnation.link);
    return {
      loaded: (store, address, digest) => {
        if (!current()) return;
        const stale = this.ledger.findStale(`${store}:${address}`, digest);
        if (stale !== undefined) this.violate(stale);
      },
      changed: (store, address, digest, gated) => {
        if (!current()) return 0;
        const key = `${store}:${address}`;
        const isShut = gated && this.rows.needsCommit(key, digest, this.isStrict);
        const number = this.ledger.change(key, digest, isShut);
        this.trace.note(`${key} change ${number} ${gated} ${digest.next} ${digest.shape}`);
        return number;
      },
      published: (store, address, change) => {
        if (current()) this.ledger.promise(new Map([[`${store}:${address}`, change]]));
      },
      identityChanged: (address) => {
        for (const contact of this.contacts)
          if (contact.addresses.includes(address)) contact.excuseKnown("another identity");
      },
      currentChanged: (how) => {
        this.counts.archived += 1;
        if (how === "promoted") this.counts.promoted += 1;
      },
      lidOf: (pn) => this.users.find((user) => user.pn === pn && user.isPublic)?.lid,
      broke: (address, bases) => {
        for (const contact of this.contacts)
          if (contact.addresses.includes(address))
            for (const base of bases) contact.excuse(base, "broken by its library");
      },
      event: (event) => {
        if (current()) this.#hear(event);
      },
    };
  }

  #hear(event: SignalCacheEvent): void {
    const key = `${event.store}:${event.address}`;
    switch (event.kind) {
      case "burned":
        this.counts.burnedKeys += event.keys;
        if (event.keys > MAX_BURNED_PER_CRASH) this.violate(`${key}: ${event.keys} keys were burned at once`);
        return;
      case "closed":
        if (event.store === "session") this.ledger.markClosed(key);
        else this.ledger.change(key, { shape: "", next: 0 });
        return;
      // The client rotates the key.
      case "removed":
        return;
      default:
        this.violate(`${key}: a record was ${event.kind}`);
    }
  }

  /** A commit was applied, though its answer may be lost. */
  #applied(writes: readonly Write[], link: Link): void {
    // Opening an account takes it over in a commit of its own, which for the first one stores the device.
    if (writes.length === 0 || this.#owner === undefined) {
      if (link !== this.#owner) this.ledger.forgetMemory();
      this.#owner = link;
    }
    if (writes.length === 0) return;
    if (link !== this.#owner) this.violate("a process wrote after another one had taken the account over");
    const stranded = this.#wouldStrand(writes);
    const changes = this.rows.apply(writes);
    const wrong =
      wrongPairIn(writes, { pn: OUR_PN_USER, lid: OUR_LID_USER }) ??
      this.#preKeyRows.apply(writes) ??
      this.lists.apply(writes, this.rows);
    if (wrong !== undefined) this.violate(wrong);
    const left = stranded.find((key) => this.rows.has(key));
    if (left !== undefined) this.violate(`${left}: the mapping of its user came without it`);
    const moved = movedKeys(this.lids, changes, (key) => this.ledger.isPresent(key));
    for (const { key, digest } of changes) {
      const isUnnoted = link.isCut && !this.ledger.knows(key, digest);
      const isDropped = this.dropping.has(key) && digest.shape === ABSENT.shape;
      if (moved.has(key) || isUnnoted || isDropped) this.ledger.storeChange(key, digest);
      else this.ledger.store(key, digest);
      this.trace.note(`${key} stored ${digest.next} ${digest.shape} ${moved.has(key)}`);
    }
    for (const write of writes) {
      if (write.kind !== "preKey.remove") continue;
      const base = this.consumers.get(write.id);
      if (base !== undefined && !this.rows.hasSession(base))
        this.violate(`pre-key ${write.id} is gone without its session`);
    }
  }

  /** Keys of the account that a peer begins a session with. */
  ourBundle(preKeyId: number | undefined): Bundle {
    const bundle = this.#bundle;
    if (bundle === undefined) throw new Error("the account has no keys yet");
    const publicKey = preKeyId === undefined ? undefined : this.preKeys.get(preKeyId);
    if (preKeyId === undefined || publicKey === undefined) return bundle;
    return { ...bundle, preKey: { keyId: preKeyId, publicKey } };
  }

  /** What is stored under the phone numbers of mappings that a commit stores, and is to go with them. */
  #wouldStrand(writes: readonly Write[]): string[] {
    return writes.flatMap((write) => {
      const entries = write.kind === "lidMapping.put" ? write.entries : [];
      const told = entries.filter(({ lid }) => !this.storedAlone.has(lid));
      return told.flatMap(({ phoneNumber }) => this.rows.keysOf(phoneNumber));
    });
  }

  /** Relaxed, a crash costs the sessions whose newest chain has left and is not stored. */
  #findOrphans(incarnation: Incarnation, contact: Contact): void {
    const { lastChains } = contact;
    if (incarnation.durability === "relaxed") {
      const chains = this.rows.chainsAt(contact.addresses);
      for (const [base, chain] of lastChains) if (!chains.has(chain)) contact.excuse(base, "lost in a crash");
    }
    lastChains.clear();
  }
}

/** Stores the pre-keys that an earlier round of ids has left. */
async function storePreKeys({ account, host }: Incarnation): Promise<void> {
  for (const id of STORED_PRE_KEYS)
    await account.store.storePreKey(id, encodePreKey({ id, ...generateKeyPair(host.random) }), true);
}
