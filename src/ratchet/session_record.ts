import { isBytes } from "../bytes/mod.ts";
import { ArgumentTypeError, StoreError } from "../errors/mod.ts";
import { type Allocate, DELIMITED, delimitedSize, EMPTY, WireReader, WireWriter } from "../protobuf/mod.ts";
import { checkedAllocate, requireInstance, requireUint32 } from "./_arguments.ts";
import { ARCHIVED_SESSION, checkArchiveCount, SessionArchive } from "./_session_archive.ts";
import {
  checkSession,
  DECODE_SESSION,
  decodeSession,
  encodeSession,
  readSession,
  type SessionParts,
  sessionSize,
  writeSession,
} from "./_session_codec.ts";
import { MAX_SKIPPED_MESSAGES, type SessionChain } from "./session_chain.ts";
import { SessionState } from "./session_state.ts";

const CURRENT_SESSION = (1 << 3) | DELIMITED;

/** Fields 1 and 2. */
const KNOWN = 0b110;

/** Options of {@link SessionRecord.decode}. */
export interface DecodeOptions {
  /**
   * Whether the record owns the bytes: the caller must not write to them again, and archived sessions are not
   * copied.
   */
  readonly owned?: boolean | undefined;
}

/**
 * All sessions with one address: the current one, live, and up to 40 archived ones, newest first, which stay
 * encoded until they are read.
 *
 * The stored form is the `RecordStructure` of Signal clients. Unknown fields at every level are kept and
 * written back unchanged.
 *
 * A record has one owner: pass a `copy()` to others. Copies are cheap and independent.
 *
 * @example
 * ```ts
 * import { SessionChain, SessionRecord, SessionState } from "@holdfast/store/signal";
 *
 * const publicKey = new Uint8Array(33).fill(5, 0, 1);
 * const session = new SessionState();
 * session.remoteIdentityPublic = publicKey;
 * session.rootKey = new Uint8Array(32);
 * session.senderChain = SessionChain.create({
 *   ratchetKey: publicKey,
 *   ratchetKeyPrivate: new Uint8Array(32),
 *   chainKey: new Uint8Array(32),
 * });
 *
 * const record = new SessionRecord();
 * record.startSession(session);
 * record.archiveCurrent();
 * record.promote(0);
 * const stored = SessionRecord.decode(record.encode());
 * if (stored.current?.senderChain?.next !== 0) throw new Error("the session was lost");
 * ```
 */
export class SessionRecord {
  #current: SessionState | undefined;
  #archive: SessionArchive = SessionArchive.none;
  #unknown: Uint8Array = EMPTY;
  /** Sending chain of a session from the archive: see `isResumed`. */
  #resumedChain: string | undefined;

  /** Whether a value is a record of this class. */
  static is(value: unknown): value is SessionRecord {
    return typeof value === "object" && value !== null && #unknown in value;
  }

  /**
   * Decodes a record, except its archived sessions: reading a damaged one throws later.
   *
   * @param bytes Copied, unless `options.owned` is set.
   * @throws {TypeError} When `bytes` is not a `Uint8Array`.
   * @throws {CorruptError} When the bytes do not decode, or exceed a limit: 40 archived sessions, 5 receiving
   * chains, 2,000 message keys per chain.
   * @throws {WrongLengthError} When a key of the current session has an invalid length.
   */
  static decode(bytes: Uint8Array, options?: DecodeOptions): SessionRecord {
    if (!isBytes(bytes)) throw new ArgumentTypeError(`${DECODE_SESSION}: not a Uint8Array`);
    const reader = new WireReader(bytes, DECODE_SESSION);
    const record = new SessionRecord();
    let archived: number[] | undefined;
    let archivedCount = 0;
    let rest: number[] | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === CURRENT_SESSION) {
        if (record.#current !== undefined) throw reader.corrupt("two current sessions");
        const outer = reader.enter();
        const { start, end } = reader.place();
        const isKept = options?.owned && fillsMemory(end - start, bytes);
        record.#current = SessionState.stored(
          readSession(isKept ? reader : new WireReader(new Uint8Array(reader.remaining()), DECODE_SESSION)),
        );
        reader.leave(outer);
      } else if (tag === ARCHIVED_SESSION) {
        reader.skip(DELIMITED);
        archived = reader.span(archived);
        checkArchiveCount(++archivedCount);
      } else rest = reader.unknown(tag, KNOWN, rest);
    }
    if (archived !== undefined) {
      const region = reader.join(archived);
      record.#archive = new SessionArchive(options?.owned ? region : new Uint8Array(region), archivedCount);
    }
    if (rest !== undefined) record.#unknown = new Uint8Array(reader.join(rest));
    return record;
  }

  /**
   * Encodes the record. The caller owns the bytes.
   *
   * @param allocate Allocates the result. Defaults to separate memory.
   */
  encode(allocate?: Allocate): Uint8Array {
    const parts = this.#current?.parts;
    const currentSize = parts === undefined ? 0 : sessionSize(parts);
    const size = this.#archive.bytes.length + this.#unknown.length;
    const writer = new WireWriter(
      parts === undefined ? size : size + delimitedSize(currentSize),
      checkedAllocate("encode session", allocate),
    );
    if (parts !== undefined) {
      writer.varint(CURRENT_SESSION);
      writer.varint(currentSize);
      writeSession(writer, parts);
    }
    writer.raw(this.#archive.bytes);
    writer.raw(this.#unknown);
    return writer.bytes;
  }

  /** Returns an independent copy. It shares archived sessions, which are immutable. */
  copy(): SessionRecord {
    const copy = new SessionRecord();
    copy.#current = this.#current?.copy();
    copy.#archive = this.#archive;
    copy.#unknown = this.#unknown;
    copy.#resumedChain = this.#resumedChain;
    return copy;
  }

  /** The live current session: changes of it change the record. */
  get current(): SessionState | undefined {
    return this.#current;
  }

  /** The chain of the next message to send; `undefined` when sending needs a new session or chain. */
  get sendingChain(): SessionChain | undefined {
    const chain = this.#current?.senderChain;
    return chain?.chainKey === undefined ? undefined : chain;
  }

  /**
   * Whether the sending chain came out of the archive and was not fast-forwarded afterwards. An earlier
   * incarnation may have sent more on it than the archive contains, so fast-forward it before sending.
   */
  get isResumed(): boolean {
    return this.#resumedChain !== undefined && this.#resumedChain === this.sendingChain?.id;
  }

  /** Number of archived sessions, at most 40. */
  get archivedCount(): number {
    return this.#archive.count;
  }

  /**
   * Decodes an archived session, to try a message on it. Changes of it do not affect the record until it is
   * passed to `promote`.
   *
   * @param index 0 is the newest.
   * @throws {RangeError} When there is no such session.
   * @throws {CorruptError | WrongLengthError} When it is damaged.
   */
  archived(index: number): SessionState {
    requireUint32("read archived session: index", index);
    const bytes = this.#archive.session(index);
    if (bytes === undefined) {
      throw new RangeError(`read archived session: ${index} of ${this.#archive.count}`);
    }
    return new SessionState(decodeSession(bytes));
  }

  /**
   * Makes a copy of a new session the current one and archives the previous one.
   *
   * @throws {RangeError} When it has no root key or no remote identity.
   */
  startSession(session: SessionState): void {
    requireInstance("start session", "SessionState", SessionState, session);
    const next = session.copy();
    checkSession("start session", next.parts);
    this.archiveCurrent();
    this.#current = next;
  }

  /**
   * Moves the current session to the front of the archive and drops a 41st archived session. Does nothing
   * without a current session.
   */
  archiveCurrent(): void {
    const current = this.#takeCurrent();
    if (current !== undefined) this.#archive = SessionArchive.of([current, ...this.#archive.sessions()]);
  }

  /**
   * Makes an archived session the current one and archives the previous one. `isResumed` is true afterwards,
   * if it sends on the chain that it was archived with.
   *
   * @param index 0 is the newest.
   * @param session The result of `archived(index)`, possibly changed; it is copied. Defaults to the archived
   * session.
   * @throws {RangeError} When there is no such session.
   * @throws {CorruptError | WrongLengthError} When it is damaged. The record is unchanged.
   */
  promote(index: number, session?: SessionState): void {
    const archived = this.archived(index);
    if (session !== undefined) requireInstance("promote session", "SessionState", SessionState, session);
    const next = session === undefined ? archived : session.copy();
    checkSession("promote session", next.parts);
    const sessions = this.#archive.sessions();
    sessions.splice(index, 1);
    const current = this.#takeCurrent();
    if (current !== undefined) sessions.unshift(current);
    this.#archive = SessionArchive.of(sessions);
    this.#current = next;
    this.#resumedChain = archived.senderChain?.id;
  }

  /**
   * Closes the sending chains of all sessions and archives the current one. They still receive, but none
   * sends until the peer moves it to a new chain. The client sees no current session and begins a new one.
   * Skips damaged archived sessions.
   */
  close(): void {
    this.#changeArchived((chain) => chain.close());
    const current = this.#current;
    if (current === undefined) return;
    if (current.senderChain?.chainKey !== undefined) current.senderChain = current.senderChain.close();
    this.archiveCurrent();
  }

  /**
   * Burns the keys of a sending chain, of the current or an archived session, up to a bound: its next counter
   * is then at least `bound`. Skips damaged archived sessions.
   *
   * @param chainId `SessionChain.id`.
   * @param bound Exclusive bound on the counters that may have been used.
   * @throws {RangeError} When there is no such chain that can send, or `bound` is more than
   * `MAX_SKIPPED_MESSAGES` ahead.
   */
  fastForward(chainId: string, bound: number): void {
    const sending = this.sendingChain;
    if (this.#current !== undefined && sending?.id === chainId) {
      this.#current.senderChain = sending.fastForward(bound);
      this.#resumedChain = undefined;
      return;
    }
    let isFound = false;
    const burn = (chain: SessionChain): SessionChain => {
      if (chain.id !== chainId) return chain;
      isFound = true;
      return chain.fastForward(bound);
    };
    this.#changeArchived(burn, () => isFound);
    if (!isFound) throw new RangeError("fast-forward session: no such chain");
  }

  /**
   * Burns the keys of all archived sending chains up to a bound. Closes a chain that would need more than
   * `MAX_SKIPPED_MESSAGES` steps, because no receiver follows it. Skips damaged sessions. It decodes the
   * whole archive.
   *
   * @param bound Exclusive bound on the counters that may have been used.
   */
  burnArchived(bound: number): void {
    requireUint32("burn archived sessions: bound", bound);
    this.#changeArchived((chain) => burned(chain, bound));
  }

  /**
   * Adds the sessions of another record of the same peer, under another address. This record's current
   * session stays. The sessions of `other`, with burned sending chains, join the archive: its current one
   * first, its archived ones last. If this record has no current session, that of `other` becomes current,
   * with `isResumed`.
   *
   * @param other Not changed. Its unknown fields at the top level are not added.
   * @param bound Exclusive bound on the counters that `other` may have used.
   */
  absorb(other: SessionRecord, bound: number): void {
    requireInstance("absorb sessions", "SessionRecord", SessionRecord, other);
    const theirs = other.copy();
    theirs.burnArchived(bound);
    const current = theirs.#current;
    if (current?.senderChain?.chainKey !== undefined)
      current.senderChain = burned(current.senderChain, bound);
    const joined = this.#archive.sessions();
    if (this.#current?.rootKey === undefined) {
      this.#current = current;
      this.#resumedChain = current?.senderChain?.id;
    } else {
      const bytes = theirs.#takeCurrent();
      if (bytes !== undefined) joined.unshift(bytes);
    }
    this.#archive = SessionArchive.of([...joined, ...theirs.#archive.sessions()]);
  }

  /** Removes and encodes the current session; `undefined` when there is none or it is blank. */
  #takeCurrent(): Uint8Array | undefined {
    const current = this.#current;
    this.#current = undefined;
    this.#resumedChain = undefined;
    return current?.rootKey === undefined ? undefined : encodeSession(current.parts);
  }

  /**
   * Changes the sending chains of archived sessions that can send, newest first, until `isDone`. Unchanged
   * sessions keep their bytes.
   */
  #changeArchived(change: (chain: SessionChain) => SessionChain, isDone?: () => boolean): void {
    let isChanged = false;
    const sessions = this.#archive.sessions().map((bytes) => {
      if (isDone?.() === true) return bytes;
      const parts = decodeUndamaged(new Uint8Array(bytes));
      if (parts?.senderChain?.chainKey === undefined) return bytes;
      const senderChain = change(parts.senderChain);
      if (senderChain === parts.senderChain) return bytes;
      isChanged = true;
      return encodeSession({ ...parts, senderChain });
    });
    if (isChanged) this.#archive = SessionArchive.of(sessions);
  }
}

/**
 * Whether views can be kept. A key in a small part of large memory would keep the whole archive in memory.
 */
function fillsMemory(length: number, { buffer }: Uint8Array): boolean {
  return 2 * length >= buffer.byteLength;
}

function burned(chain: SessionChain, bound: number): SessionChain {
  return bound - chain.next > MAX_SKIPPED_MESSAGES ? chain.close() : chain.fastForward(bound);
}

function decodeUndamaged(bytes: Uint8Array): SessionParts | undefined {
  try {
    return decodeSession(bytes);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
