import { CorruptError } from "../errors/mod.ts";
import { DELIMITED, delimitedSize, EMPTY, WireReader, WireWriter } from "../protobuf/mod.ts";
import { DECODE_SESSION } from "./_session_codec.ts";

/** Maximum number of archived sessions, as in other clients. The oldest is dropped first. */
export const MAX_ARCHIVED_SESSIONS = 40;

/** Field `previous_sessions` of a record. */
export const ARCHIVED_SESSION: number = (2 << 3) | DELIMITED;

/**
 * The archived sessions of a record, newest first, as one piece of encoded bytes.
 *
 * It is immutable, so that copies of a record share it. A session is decoded and checked only when it is
 * read.
 */
export class SessionArchive {
  static readonly none: SessionArchive = new SessionArchive(EMPTY, 0);

  /** The sessions as encoded fields of the record. */
  readonly bytes: Uint8Array;
  /** Number of sessions. */
  readonly count: number;

  /** @param bytes Valid encoded fields. The archive owns them. */
  constructor(bytes: Uint8Array, count: number) {
    this.bytes = bytes;
    this.count = count;
  }

  /** Creates an archive of encoded sessions, at most the first 40. */
  static of(sessions: readonly Uint8Array[]): SessionArchive {
    const kept = sessions.slice(0, MAX_ARCHIVED_SESSIONS);
    if (kept.length === 0) return SessionArchive.none;
    const writer = new WireWriter(kept.reduce((size, session) => size + delimitedSize(session.length), 0));
    for (const session of kept) writer.bytesField(ARCHIVED_SESSION, session);
    return new SessionArchive(writer.bytes, kept.length);
  }

  /** The encoded sessions, as views of the archive's bytes. */
  sessions(): Uint8Array[] {
    const reader = new WireReader(this.bytes, DECODE_SESSION);
    const sessions: Uint8Array[] = [];
    while (reader.more()) {
      reader.tag();
      sessions.push(reader.bytes());
    }
    return sessions;
  }

  /** A copy of the encoded session at `index`; `undefined` when there is none. */
  session(index: number): Uint8Array | undefined {
    const session = this.sessions()[index];
    return session === undefined ? undefined : new Uint8Array(session);
  }
}

/** @throws {CorruptError} When a record has too many archived sessions. */
export function checkArchiveCount(count: number): void {
  if (count > MAX_ARCHIVED_SESSIONS) throw new CorruptError(`${DECODE_SESSION}: too many archived sessions`);
}
