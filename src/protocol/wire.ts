import {
  type Capabilities,
  OWNER_GUARD,
  OWNER_STATE,
  type OwnerGuard,
  READS,
  type ReadMethod,
  rowsOf,
  WRITES,
  type Write,
} from "../backend/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import type { Pacer } from "../ports/mod.ts";
import { flag, integer, list, object, optional, type Rule } from "../rules/mod.ts";
import type { ByteReader } from "./_byte_reader.ts";
import { ByteWriter } from "./_byte_writer.ts";
import { CallSizeError, MAX_COMMIT_ROWS } from "./call_limits.ts";
import { type Codec, codecOf } from "./codec.ts";

/** A read that can be called remotely. */
export type WireMethod = ReadMethod | "capabilities" | "readOwner";

/** One read of a call. */
export interface WireReadCall {
  readonly method: WireMethod;
  readonly args: readonly unknown[];
}

/** What every call has: its wire, and reads that are answered in the same round trip, after it. */
interface CallParts {
  readonly wire: Wire;
  readonly also?: readonly WireReadCall[] | undefined;
}

/** A call to a remote backend. */
export type BackendCall =
  | (CallParts & {
      readonly kind: "commit";
      readonly writes: readonly Write[];
      readonly guard: OwnerGuard | undefined;
    })
  | (CallParts & WireReadCall & { readonly kind: "read" });

/** A kind of write on the wire. */
export interface WireWrite {
  readonly fields: object;
  /** Protocol version that introduced it. Defaults to the first. */
  readonly since?: number;
}

/** A read on the wire. */
export interface WireRead {
  readonly args: readonly { readonly rule: Rule }[];
  readonly answer: Rule;
  /** Whether the answer is a stream of lists. */
  readonly streams?: boolean;
  /** Protocol version that introduced it. Defaults to the first. */
  readonly since?: number;
}

/** The writes and reads of a protocol. */
export interface WireTables {
  readonly writes: Readonly<Record<string, WireWrite>>;
  readonly reads: Readonly<Record<string, WireRead>>;
}

/** The protocol version that introduced the limits of calls. */
const LIMITS_SINCE = 2;

/** The protocol version that introduced several reads, or reads and a commit, in one call. */
const ALSO_SINCE = 2;

/** Maximum number of reads of one call. */
const MAX_READS = 8;

/** What a caller elsewhere is told. Its commits share no transaction with those of this process. */
type ToldCapabilities = Omit<Capabilities, "savePhaseMs">;

const CAPABILITIES: Rule<ToldCapabilities> = object<ToldCapabilities>({
  atomicCommit: flag(),
  fencing: flag(),
  durableOnResolve: flag(),
  maxValueBytes: integer("count"),
  maxParameters: optional(integer("count")),
  maxCommitRows: optional(integer("count"), { since: LIMITS_SINCE }),
  maxCommitBytes: optional(integer("count"), { since: LIMITS_SINCE }),
  maxReadKeys: optional(integer("count"), { since: LIMITS_SINCE }),
  tellsSealed: optional(flag(), { since: LIMITS_SINCE }),
});

/** The writes and reads of the contract. */
export const WIRE_TABLES: WireTables = {
  writes: WRITES,
  reads: {
    ...READS,
    capabilities: { args: [], answer: CAPABILITIES },
    readOwner: { args: [], answer: optional(OWNER_STATE) },
  },
};

/** First two bytes of every body. */
const MAGIC = [0x48, 0x46] as const;

/** Parts of a call. */
export const COMMIT = 1;
export const READ = 2;

/** The codecs of a read. */
export interface ReadCodec {
  readonly args: readonly Codec[];
  readonly answer: Codec;
}

/**
 * One version of the commit protocol. A body contains two magic bytes, the version, and a call or an answer.
 * A call is reads, a commit, or both: the reads then stand in front, and are made after the
 * commit. The writes of a commit are grouped in runs: a kind, a number, and that many writes of the kind.
 *
 * What a caller needs besides is in `caller_wire.ts`, which a service does not bundle.
 */
export class Wire {
  readonly version: number;
  readonly #tables: WireTables;
  readonly guard: Codec<OwnerGuard | undefined>;
  readonly counts: Codec<number[]>;
  /** Codecs, created on first use of a kind or method. */
  readonly #writes = new Map<string, Codec>();
  readonly #reads = new Map<string, ReadCodec>();

  constructor(version: number, tables: WireTables = WIRE_TABLES) {
    this.version = version;
    this.#tables = tables;
    this.guard = codecOf(optional(OWNER_GUARD), version);
    this.counts = codecOf(list(integer("count")), version);
  }

  /** Rows changed by each write of a commit. */
  encodeCounts(counts: number[]): Uint8Array {
    return this.#encode(this.counts, counts);
  }

  /** The answer of a read, or one list of a streamed answer. */
  encodeAnswer(method: WireMethod, answer: unknown): Uint8Array {
    return this.#encode(this.readCodec(method).answer, answer);
  }

  /**
   * Decodes a call after its version. Every part has the type of its rule; the backend checks ranges and
   * lengths. Pauses when the pacer says so.
   *
   * @throws {CorruptError} When it is malformed.
   * @throws {CallSizeError} When it is larger than its limits.
   */
  async decodeCall(reader: ByteReader, pacer?: Pacer): Promise<BackendCall> {
    const also: WireReadCall[] = [];
    for (;;) {
      const kind = reader.byte();
      // Takes what is left of the body.
      if (kind === COMMIT) return { ...(await this.#readCommit(reader, pacer)), also };
      if (kind !== READ) throw new CorruptError("decode call: unknown kind");
      const read = this.#readRead(reader);
      also.push(read);
      if (reader.isAtEnd && also.length === 1) return { kind: "read", ...read, wire: this };
      const isAlone = this.version < ALSO_SINCE || this.#row(this.#tables.reads, read.method).streams;
      if (isAlone || also.length > MAX_READS) throw new CorruptError("decode call: too many reads");
      if (reader.isAtEnd) return { kind: "read", ...(also.shift() as WireReadCall), also, wire: this };
    }
  }

  async #readCommit(reader: ByteReader, pacer: Pacer | undefined): Promise<BackendCall & { kind: "commit" }> {
    const guard = this.guard.decode(reader);
    const writes: Write[] = [];
    let rows = 0;
    while (!reader.isAtEnd) {
      const kind = reader.text();
      const codec = this.writeCodec(kind);
      const count = reader.count();
      if (count === 0) throw new CorruptError("decode call: a run is empty");
      for (let left = count; left > 0; left -= 1) {
        const write = codec.decode(reader) as Record<string, unknown>;
        write.kind = kind;
        writes.push(write as unknown as Write);
        rows += rowsOf(write as unknown as Write);
        if (rows > MAX_COMMIT_ROWS) throw new CallSizeError(`commit: more than ${MAX_COMMIT_ROWS} rows`);
        if (pacer?.isDue) await pacer.rest();
      }
    }
    return { kind: "commit", writes, guard, wire: this };
  }

  #readRead(reader: ByteReader): WireReadCall {
    const method = reader.text();
    const args = this.readCodec(method).args.map((codec) => codec.decode(reader));
    return { method: method as WireMethod, args };
  }

  /** The codec of a kind of write. @throws {CorruptError} When this version has no such kind. */
  writeCodec(kind: string): Codec {
    let codec = this.#writes.get(kind);
    if (codec === undefined) {
      const { fields } = this.#row(this.#tables.writes, kind);
      codec = codecOf(object(fields as never), this.version);
      this.#writes.set(kind, codec);
    }
    return codec;
  }

  /** The codecs of a read. @throws {CorruptError} When this version has no such read. */
  readCodec(method: string): ReadCodec {
    let codec = this.#reads.get(method);
    if (codec === undefined) {
      const { args, answer, streams } = this.#row(this.#tables.reads, method);
      codec = {
        args: args.map(({ rule }) => codecOf(rule, this.version)),
        answer: codecOf(streams ? list(answer) : answer, this.version),
      };
      this.#reads.set(method, codec);
    }
    return codec;
  }

  #row<Row extends { readonly since?: number }>(rows: Readonly<Record<string, Row>>, name: string): Row {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row === undefined || (row.since ?? 0) > this.version) {
      throw new CorruptError(`decode call: a name is unknown in protocol ${this.version}`);
    }
    return row;
  }

  /** Begins a body of this version. */
  begin(): ByteWriter {
    const writer = new ByteWriter();
    for (const byte of MAGIC) writer.byte(byte);
    writer.varint(this.version);
    return writer;
  }

  #encode<T>(codec: Codec<T>, value: T): Uint8Array {
    const writer = this.begin();
    codec.encode(writer, value);
    return writer.bytes;
  }
}

/** The version of a body; `undefined` when it has none. */
export function versionOf(reader: ByteReader): number | undefined {
  try {
    return MAGIC.every((byte) => reader.byte() === byte) ? reader.varint() : undefined;
  } catch {
    return undefined;
  }
}
