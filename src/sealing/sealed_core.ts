import {
  type BackendCore,
  type Capabilities,
  type CommitOptions,
  callRead,
  type DatabaseSnapshot,
  ForwardingReads,
  isEmptyHold,
  KEY_CHECK,
  type MessageSegment,
  type OwnerState,
  READ,
  READS,
  type ReadMethod,
  type RowPage,
  readTransformed,
  requireSize,
  SEALING_LOG,
  type SealedOpening,
  transformWrites,
  type Write,
  type WriteKind,
} from "../backend/mod.ts";
import { SealedError } from "../errors/mod.ts";
import type { Clock, Random } from "../ports/mod.ts";
import { AccountSealer, type Life, storedBy } from "./account_sealer.ts";
import { machineId } from "./host_crypto.ts";
import { type KeyCheck, type KeyEntry, keyCheckRow, readKeyCheck, requireAuthentic } from "./key_check.ts";
import type { Keyring } from "./keyring.ts";
import { lifeName } from "./life.ts";
import { idText, type RootKey } from "./root_key.ts";
import { Rotation } from "./rotation.ts";
import { isRotationStep, rotationSegment } from "./rotation_status.ts";
import { OVERHEAD_BYTES } from "./sealed_value.ts";
import type { Sealer } from "./sealer.ts";

/** Bytes that are drawn for each opening. */
const INCARNATION_BYTES = 16;

/** What the names of accounts that were set aside begin with. */
const SET_ASIDE = "aside:";

/** Names that backends give the table of the key check. */
const SEGMENT_TABLES: readonly string[] = ["message_segment", "messageSegments"];

/** Reads whose answer would show the key check, and a log of that name. */
const READS_OF_LOGS: ReadonlySet<ReadMethod> = new Set<ReadMethod>([
  "getMessageSegment",
  "findMessageSegments",
  "listMessageSegments",
]);

/** Reads of records that no one sets aside: a damaged one is an error, or left out of a listing. */
const BARE_READS: ReadonlySet<ReadMethod> = new Set<ReadMethod>([
  "getSession",
  "getSessions",
  "getSenderKey",
  "listRows",
]);

/** Writes after which the name may belong to another account. */
const LEAVING: readonly WriteKind[] = ["account.delete", "account.setAside", "account.bringBack"];

/** What the openings of one `sealing` share. */
export interface SealedCoreParts {
  readonly keyring: Keyring;
  readonly sealer: Sealer;
  readonly random: Random;
  readonly clock: Clock;
  /** Whether an account that is not sealed yet may be opened, and is sealed from now on. */
  readonly sealExisting: boolean;
}

/** The keys of an account, as its key check says. */
interface OpenedKeys {
  readonly check: KeyCheck;
  /** In the order of `check.keys`. */
  readonly roots: readonly [RootKey, ...RootKey[]];
  readonly sealer: AccountSealer;
  /** Whether the key check is stored. */
  readonly isStored: boolean;
}

/**
 * A core whose values are sealed. Every call first reads the key check, so a wrong key is refused before the
 * account's ownership is taken. The commit that stores the first value of an account stores the key check.
 */
export function sealedCore(core: BackendCore, opening: SealedOpening, parts: SealedCoreParts): BackendCore {
  return new SealedCore(core, opening, parts);
}

class SealedCore extends ForwardingReads implements BackendCore {
  readonly #core: BackendCore;
  readonly #opening: SealedOpening;
  readonly #parts: SealedCoreParts;
  readonly #incarnation: Uint8Array;
  readonly #startedAtMs: number;
  readonly #machineId: string;
  #keys: OpenedKeys | undefined;
  #opened: Promise<OpenedKeys> | undefined;
  #life: { readonly root: RootKey; readonly epoch: number; readonly life: Life } | undefined;
  #lives = 0;
  #rotation: Rotation | undefined;
  /** Settles when every commit so far has settled. */
  #commits: Promise<unknown> = Promise.resolve();

  constructor(core: BackendCore, opening: SealedOpening, parts: SealedCoreParts) {
    super();
    this.#core = core;
    this.#opening = opening;
    this.#parts = parts;
    this.#incarnation = parts.random.bytes(INCARNATION_BYTES);
    this.#startedAtMs = parts.clock.nowMs();
    this.#machineId = machineId();
  }

  /** Lowers the limits by what sealing adds. */
  get capabilities(): Capabilities {
    const { capabilities } = this.#core;
    const { maxValueBytes, maxCommitBytes, maxCommitRows } = capabilities;
    // The key check was read, so an opening need not look for it.
    const lowered = { ...capabilities, maxValueBytes: maxValueBytes - OVERHEAD_BYTES, tellsSealed: true };
    if (maxCommitBytes === undefined || maxCommitRows === undefined) return lowered;
    // A row has two sealed values at most, besides the device.
    const overhead = Math.floor(maxCommitBytes / 4);
    return {
      ...lowered,
      maxCommitRows: Math.max(1, Math.min(maxCommitRows - 1, Math.floor(overhead / (2 * OVERHEAD_BYTES)))),
      maxCommitBytes: maxCommitBytes - overhead,
    };
  }

  /** One commit after the other, since a commit may depend on what the one before has stored. */
  commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const commit = this.#commits.then(() => this.#commit(writes, options));
    this.#commits = commit.catch(() => {});
    return commit;
  }

  async readOwner(): Promise<OwnerState | undefined> {
    await this.#open();
    const stored = await this.#core.readOwner();
    return stored && { owner: stored.owner, epoch: stored.epoch };
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    if (READS[method].streams) return this.#stream(method, args);
    if (READS_OF_LOGS.has(method) && args[0] === SEALING_LOG) return this.#readOwnLog(method, args);
    const keys = this.#keys;
    return keys === undefined
      ? this.#open().then((opened) => this.#read(opened, method, args))
      : this.#read(keys, method, args);
  }

  #read(keys: OpenedKeys, method: ReadMethod, args: readonly unknown[]): Promise<unknown> {
    const { values, strictValues } = keys.sealer;
    const answer = readTransformed(this.#core, method, args, BARE_READS.has(method) ? strictValues : values);
    if (method === "listRows") return answer.then((page) => withoutCheckRow(page as RowPage));
    if (method !== "snapshotDb" || !keys.isStored) return answer;
    const { length } = keyCheckRow(keys.check, keys.roots[0]).head;
    return answer.then((snapshot) => withoutCheck(snapshot as DatabaseSnapshot, length));
  }

  async #readOwnLog(method: ReadMethod, [, seq]: readonly unknown[]): Promise<unknown> {
    await this.#open();
    if (method !== "getMessageSegment") return [];
    return seq === KEY_CHECK.seq ? undefined : await this.#rotationStatus();
  }

  async *#stream(method: ReadMethod, args: readonly unknown[]): AsyncIterable<unknown> {
    await this.#open();
    yield* callRead(this.#core, method, args) as AsyncIterable<unknown>;
  }

  async #commit(writes: readonly Write[], options: CommitOptions | undefined): Promise<number[]> {
    if (isRotationStep(writes)) return await this.#rotate(options);
    const guard = options?.guard;
    // Without an owner, another process may have deleted the account.
    if (guard === undefined) this.#keys = undefined;
    const keys = await this.#open();
    if (writes.length === 0 && guard === undefined) return await this.#core.commit(writes, options);
    const life = this.#lifeAt(guard?.next?.epoch ?? guard?.maxEpoch ?? 0, keys);
    const sealed = await transformWrites(writes, storedBy(life, writes.length));
    for (const [index, write] of sealed.entries()) requireSize(write, this.#core.capabilities, index);
    const marked = withCheck(sealed, keys);
    const changed = await this.#core.commit(marked, options);
    // A former owner may have rotated until this commit, and an account that left is not this one.
    const isOver = guard?.next !== undefined || writes.some(({ kind }) => LEAVING.includes(kind));
    this.#keys = isOver ? undefined : { ...keys, isStored: true };
    if (marked === sealed) return changed;
    return changed.filter((_, index) => !isCheck(marked[index] as Write));
  }

  /** Makes one step of a rotation, in place of a commit. */
  async #rotate(options: CommitOptions | undefined): Promise<number[]> {
    const guard = options?.guard;
    if (guard === undefined) throw new TypeError("rotate key: the account is not open");
    if (guard.next !== undefined) this.#keys = undefined;
    const keys = await this.#open();
    const store = async (writes: readonly Write[], check?: KeyCheck, roots = keys.roots): Promise<void> => {
      const row = check && checkWrite(check, roots[0]);
      await this.#core.commit(row === undefined ? writes : [...writes, row], options);
      if (check !== undefined) this.#keys = this.#keysOf(check, roots, true);
    };
    const { check } = keys;
    const { scrub } = this.#opening;
    if (check.keys[0].name !== this.#parts.keyring.current) {
      const [entry, root] = await this.#targetOf(check);
      const others = check.keys.flatMap((key, index) =>
        key.id === entry.id ? [] : [[key, keys.roots[index] as RootKey] as const],
      );
      this.#rotation = undefined;
      const entries = [entry, ...others.map(([key]) => key)] as const;
      await store([], { ...check, keys: entries }, [root, ...others.map(([, other]) => other)]);
    } else if (!isSealedByOne(check)) {
      this.#rotation ??= new Rotation(this.#core);
      const life = this.#lifeAt(guard.next?.epoch ?? guard.maxEpoch, keys);
      const step = await this.#rotation.next({ sealer: keys.sealer, life, root: keys.roots[0] });
      if (step === undefined) {
        const isUnscrubbed = check.isUnscrubbed || (check.isMixed && scrub !== undefined);
        // Generations that no one reads have values too.
        await store(
          [{ kind: "syncVersion.sweep" }],
          { ...check, keys: [check.keys[0]], isMixed: false, isUnscrubbed },
          [keys.roots[0]],
        );
      } else {
        await store(step.writes);
        step.done();
      }
    } else if (check.isUnscrubbed && scrub !== undefined) {
      await scrub();
      await store([], { ...check, isUnscrubbed: false });
    } else await store([]);
    return [0];
  }

  /** The key to which a rotation goes. */
  async #targetOf({ keys }: KeyCheck): Promise<readonly [KeyEntry, RootKey]> {
    const { keyring } = this.#parts;
    const name = keyring.current;
    const known = keys.find((key) => key.name === name);
    if (known !== undefined) return [known, await this.#rootOf(known)];
    const parameters = keyring.freshParameters(name);
    const root = await keyring.root(name, parameters);
    return [{ name, id: idText(root), parameters }, root];
  }

  async #rotationStatus(): Promise<MessageSegment> {
    const { check } = await this.#open();
    const isScrubbed = !check.isUnscrubbed || this.#opening.scrub === undefined;
    const isCurrent = check.keys[0].name === this.#parts.keyring.current;
    const { rows = 0, damaged = 0 } = this.#rotation ?? {};
    return rotationSegment({ isDone: isCurrent && isSealedByOne(check) && isScrubbed, rows, damaged });
  }

  /** The life that seals a commit: each owner epoch has one of its own. */
  #lifeAt(epoch: number, { sealer, roots: [root] }: OpenedKeys): Life {
    const current = this.#life;
    if (current?.root === root && current.epoch === epoch && !current.life.isOver) return current.life;
    this.#lives += 1;
    const name = lifeName({
      incarnation: this.#incarnation,
      ownerEpoch: epoch,
      startedAtMs: this.#startedAtMs,
      machineId: `${this.#machineId}\0${this.#lives}`,
    });
    const life = sealer.begin(root, name);
    this.#life = { root, epoch, life };
    return life;
  }

  /** The keys of the account. Nothing is remembered before the key check is stored. */
  async #open(): Promise<OpenedKeys> {
    if (this.#keys !== undefined) return this.#keys;
    this.#opened ??= this.#readKeys().finally(() => {
      this.#opened = undefined;
    });
    return await this.#opened;
  }

  async #readKeys(): Promise<OpenedKeys> {
    let row = await this.#core.getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq);
    if (row === undefined) {
      const isUsed = await this.#isUsed();
      // Another opening may have stored the first value, and the key check with it, after it was read.
      if (isUsed) row = await this.#core.getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq);
      if (row === undefined) return await this.#newKeys(isUsed);
    }
    const check = readKeyCheck(row);
    const roots = [];
    for (const entry of check.keys) roots.push(await this.#rootOf(entry));
    const [sealing, ...others] = roots as [RootKey, ...RootKey[]];
    requireAuthentic(row, sealing);
    const { account } = this.#opening;
    // An account that is set aside has another name, until it is brought back.
    if (check.account !== account && !account.startsWith(SET_ASIDE)) {
      throw new SealedError("open account: the account is sealed under another name");
    }
    this.#keys = this.#keysOf(check, [sealing, ...others], true);
    return this.#keys;
  }

  async #rootOf({ name, id, parameters }: KeyEntry): Promise<RootKey> {
    const root = await this.#parts.keyring.root(name, parameters);
    if (idText(root) === id) return root;
    throw new SealedError(
      `open account: the key ${JSON.stringify(name)} is not the one with which the account is sealed`,
    );
  }

  async #isUsed(): Promise<boolean> {
    const owner = await this.#core.readOwner();
    return !(owner === undefined || isEmptyHold(owner)) || (await this.#core.exists());
  }

  /** The keys of an account that is not sealed. */
  async #newKeys(isUsed: boolean): Promise<OpenedKeys> {
    const { keyring, sealExisting } = this.#parts;
    if (isUsed && !sealExisting) {
      throw new SealedError("open account: the account is not sealed, and sealExisting is not set");
    }
    const name = keyring.current;
    const parameters = keyring.freshParameters(name);
    const root = await keyring.root(name, parameters);
    const keys = [{ name, id: idText(root), parameters }] as const;
    const { account } = this.#opening;
    return this.#keysOf({ account, isMixed: isUsed, isUnscrubbed: false, keys }, [root], false);
  }

  #keysOf(check: KeyCheck, roots: OpenedKeys["roots"], isStored: boolean): OpenedKeys {
    const { account, isMixed } = check;
    const { sealer } = this.#parts;
    const findRoot = (id: string): Promise<RootKey | undefined> => this.#findRoot(id);
    return {
      check,
      roots,
      sealer: new AccountSealer({ sealer, account, roots, isMixed, findRoot }),
      isStored,
    };
  }

  /** The root key of an id, if the stored key check has it. */
  async #findRoot(id: string): Promise<RootKey | undefined> {
    const row = await this.#core.getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq);
    const entry = row && readKeyCheck(row).keys.find((key) => key.id === id);
    return entry && (await this.#rootOf(entry));
  }
}

/**
 * Writes of a commit with the key check, where it is not stored yet, and after each write that removes it
 * from an account that goes on.
 */
function withCheck(writes: readonly Write[], { check, roots, isStored }: OpenedKeys): readonly Write[] {
  const removes = ({ kind }: Write, index: number): boolean =>
    kind === "account.clear" || (kind === "account.delete" && index < writes.length - 1);
  if (isStored && !writes.some(removes)) return writes;
  const write = checkWrite(check, roots[0]);
  const marked = writes.flatMap((each, index) => (removes(each, index) ? [each, write] : [each]));
  return isStored ? marked : [write, ...marked];
}

function checkWrite(check: KeyCheck, sealing: RootKey): Write {
  return { kind: "messageSegment.put", segments: [keyCheckRow(check, sealing)] };
}

/** Whether every value is sealed, by the first key. */
function isSealedByOne({ keys, isMixed }: KeyCheck): boolean {
  return keys.length === 1 && !isMixed;
}

function isCheck(write: Write): boolean {
  return write.kind === "messageSegment.put" && write.segments[0]?.log === SEALING_LOG;
}

/** A page of rows without the key check. */
function withoutCheckRow(page: RowPage): RowPage {
  return { ...page, rows: page.rows.filter((row) => !isCheck(row)) };
}

/** A snapshot without the key check. */
function withoutCheck(snapshot: DatabaseSnapshot, bytes: number): DatabaseSnapshot {
  const tables = snapshot.tables.map((table) =>
    SEGMENT_TABLES.includes(table.table)
      ? { ...table, rows: table.rows - 1, bytes: table.bytes - bytes }
      : table,
  );
  return { ...snapshot, tables };
}
