/**
 * The rows of one account as the Signal cache sees them, with a network that a test can hold up and break.
 */
import { userOfAddress, userOfSenderKeyName } from "../../../src/addresses/mod.ts";
import {
  type Capabilities,
  type Committer,
  IDENTITY_KEY_BYTES,
  type QuarantinePut,
  type SignalAddressEntry,
  type SignalCacheReads,
  type SignalRow,
  validateWrite,
  type Write,
} from "../../../src/backend/mod.ts";
import { compareText } from "../../../src/bytes/mod.ts";
import { AmbiguousError, RefusedError, WrongLengthError } from "../../../src/errors/mod.ts";

const CAPABILITIES: Capabilities = {
  atomicCommit: true,
  fencing: true,
  durableOnResolve: true,
  maxValueBytes: 100_000,
  maxParameters: undefined,
};

/** What becomes of a commit. */
export type CommitFate = "applied" | "lost" | "lost-answer" | Error;

/** What the cache writes. */
export type AnyWrite = Write | QuarantinePut;

/** Tables, reads and commits. What it is given is copied; what it hands out is the caller's own. */
export class FakeRows implements SignalCacheReads, Pick<Committer, "commit" | "capabilities"> {
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly sessions: Map<string, SignalRow> = new Map();
  readonly senderKeys: Map<string, SignalRow> = new Map();
  readonly identities: Map<string, Uint8Array> = new Map();
  readonly preKeys: Set<number> = new Set();
  readonly quarantine: QuarantinePut[] = [];
  /** Groups whose marks were cleared, in order. */
  readonly clearedGroups: string[] = [];
  /** The writes of each commit that was applied. */
  readonly commits: (readonly AnyWrite[])[] = [];
  /** Keys of each read, in order. */
  readonly readKeys: string[][] = [];
  /** What the next commits meet, one each; applied when empty. */
  readonly fates: CommitFate[] = [];
  /** Told of each commit that was applied, before anybody else. */
  onCommit: (writes: readonly AnyWrite[]) => void = () => {};
  /** Refuses commits with such a write. */
  poison: (write: AnyWrite) => boolean = () => false;
  /** Thrown by commits while set. */
  down: Error | undefined;
  /** Thrown by reads while set. */
  readError: Error | undefined;
  #heldCommits: (() => void)[] | undefined;
  #heldReads: (() => void)[] | undefined;

  /** Rows that commits have inserted, updated or deleted. */
  rowsWritten = 0;

  holdCommits(): void {
    this.#heldCommits ??= [];
  }

  /** Lets held commits arrive. */
  releaseCommits(): void {
    const held = this.#heldCommits ?? [];
    this.#heldCommits = undefined;
    for (const go of held) go();
  }

  /** Held commits never arrive, and have no answer: the process that sent them is gone. */
  dropCommits(): void {
    this.#heldCommits = undefined;
  }

  get heldCommits(): number {
    return this.#heldCommits?.length ?? 0;
  }

  /** Reads see the rows as they are when asked, and answer after `releaseReads`. */
  holdReads(): void {
    this.#heldReads ??= [];
  }

  /** Answers held reads; further ones answer at once. */
  releaseReads(): void {
    const held = this.#heldReads ?? [];
    this.#heldReads = undefined;
    for (const go of held) go();
  }

  get heldReads(): number {
    return this.#heldReads?.length ?? 0;
  }

  async commit(writes: readonly Write[]): Promise<number[]> {
    const taken: readonly AnyWrite[] = structuredClone(writes);
    if (this.#heldCommits !== undefined) await held(this.#heldCommits);
    if (this.down !== undefined) throw this.down;
    for (const [writeIndex, write] of taken.entries()) {
      if (write.kind !== "quarantine.put") validateWrite(write, CAPABILITIES, writeIndex);
      if (this.poison(write)) throw new RefusedError("commit: refused on demand", { writeIndex });
    }
    const fate = this.fates.shift() ?? "applied";
    if (fate instanceof Error) throw fate;
    if (fate === "lost") throw new AmbiguousError("commit: the request was lost");
    const changed = taken.map((write) => this.#apply(write));
    this.commits.push(taken);
    this.onCommit(taken);
    for (const rows of changed) this.rowsWritten += rows;
    if (fate === "lost-answer") throw new AmbiguousError("commit: the answer was lost");
    return changed;
  }

  async loadSessionRow(address: string): Promise<SignalRow | undefined> {
    return (await this.#read([address], this.sessions))[0];
  }

  async loadSessionRows(addresses: readonly string[]): Promise<(SignalRow | undefined)[]> {
    return await this.#read(addresses, this.sessions);
  }

  async loadSenderKeyRow(name: string): Promise<SignalRow | undefined> {
    return (await this.#read([name], this.senderKeys))[0];
  }

  async loadSenderKeyRows(names: readonly string[]): Promise<(SignalRow | undefined)[]> {
    return await this.#read(names, this.senderKeys);
  }

  async loadIdentity(address: string): Promise<Uint8Array | undefined> {
    return (await this.loadIdentities([address]))[0];
  }

  async loadIdentities(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const keys = await this.#read(addresses, this.identities);
    if (keys.some((key) => key !== undefined && key.byteLength !== IDENTITY_KEY_BYTES)) {
      throw new WrongLengthError("load identity: the stored key has a wrong length");
    }
    return keys;
  }

  async listSignalAddresses(users: readonly string[]): Promise<SignalAddressEntry[]> {
    if (this.readError !== undefined) throw this.readError;
    const entries: SignalAddressEntry[] = [];
    for (const address of this.sessions.keys()) entries.push({ kind: "session", address });
    for (const address of this.identities.keys()) entries.push({ kind: "identity", address });
    for (const address of this.senderKeys.keys()) entries.push({ kind: "senderKey", address });
    if (this.#heldReads !== undefined) await held(this.#heldReads);
    return entries
      .filter(({ kind, address }) =>
        users.includes(kind === "senderKey" ? userOfSenderKeyName(address) : userOfAddress(address)),
      )
      .sort((a, b) => compareText(a.address, b.address) || compareText(a.kind, b.kind));
  }

  async #read<Row>(keys: readonly string[], table: ReadonlyMap<string, Row>): Promise<(Row | undefined)[]> {
    this.readKeys.push([...keys]);
    const rows = structuredClone(keys.map((key) => table.get(key)));
    const error = this.readError;
    if (this.#heldReads !== undefined) await held(this.#heldReads);
    if (error !== undefined) throw error;
    return rows;
  }

  #apply(write: AnyWrite): number {
    switch (write.kind) {
      case "session.put":
        this.sessions.set(write.address, { record: write.record, lease: write.lease });
        return 1;
      case "session.delete":
        return Number(this.sessions.delete(write.address));
      case "senderKey.put":
        this.senderKeys.set(write.name, { record: write.record, lease: write.lease });
        return 1;
      case "senderKey.delete":
        return Number(this.senderKeys.delete(write.name));
      case "identity.put":
        this.identities.set(write.address, write.key);
        return 1;
      case "identity.delete":
        return Number(this.identities.delete(write.address));
      case "preKey.remove":
        return Number(this.preKeys.delete(write.id));
      case "quarantine.put":
        this.quarantine.push(write);
        return 1;
      case "senderKeyDevices.clear":
        this.clearedGroups.push(write.group);
        return 1;
      default:
        return 1;
    }
  }
}

function held(queue: (() => void)[]): Promise<void> {
  return new Promise((resolve) => {
    queue.push(resolve);
  });
}
