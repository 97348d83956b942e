import { CorruptError } from "../errors/mod.ts";
import { DELIMITED, delimitedSize, EMPTY, WireReader, WireWriter } from "../protobuf/mod.ts";
import { DECODE_SESSION } from "./_session_codec.ts";

/** Most archived sessions, as other clients bound them. The oldest goes first. */
export const MAX_ARCHIVED_SESSIONS = 40;

/** Field `previous_sessions` of a record. */
export const ARCHIVED_SESSION: number = (2 << 3) | DELIMITED;

/**
 * The archived sessions of a record, newest first: one region of bytes, in the form in which it is stored.
 *
 * It never changes, so that copies of a record share it. Nothing in it is decoded, nor checked beyond the
 * lengths that take it apart, until a session is asked for.
 */
export class SessionArchive {
  static readonly none: SessionArchive = new SessionArchive(EMPTY, 0);

  /** The sessions as fields of the record, one behind the other. */
  readonly bytes: Uint8Array;
  /** How many sessions there are. */
  readonly count: number;

  /** @param bytes Fields that were taken apart before, and belong to the archive from now on. */
  constructor(bytes: Uint8Array, count: number) {
    this.bytes = bytes;
    this.count = count;
  }

  /** An archive of encoded sessions. Those beyond 40 are left out. */
  static of(sessions: readonly Uint8Array[]): SessionArchive {
    const kept = sessions.slice(0, MAX_ARCHIVED_SESSIONS);
    if (kept.length === 0) return SessionArchive.none;
    const writer = new WireWriter(kept.reduce((size, session) => size + delimitedSize(session.length), 0));
    for (const session of kept) writer.bytesField(ARCHIVED_SESSION, session);
    return new SessionArchive(writer.bytes, kept.length);
  }

  /** The sessions, each encoded: views of the archive's bytes. */
  sessions(): Uint8Array[] {
    const reader = new WireReader(this.bytes, DECODE_SESSION);
    const sessions: Uint8Array[] = [];
    while (reader.more()) {
      reader.tag();
      sessions.push(reader.bytes());
    }
    return sessions;
  }

  /** The session at `index`, encoded, in memory of its own; `undefined` when there is none. */
  session(index: number): Uint8Array | undefined {
    const session = this.sessions()[index];
    return session === undefined ? undefined : new Uint8Array(session);
  }
}

/** @throws {CorruptError} When a record has more archived sessions than any client keeps. */
export function checkArchiveCount(count: number): void {
  if (count > MAX_ARCHIVED_SESSIONS) throw new CorruptError(`${DECODE_SESSION}: too many archived sessions`);
}
