import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import protobuf from "protobufjs";
import { SessionRecord, sessionRecordCodec } from "../../src/ratchet/mod.ts";
import { RecordStructureSchema } from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

/** Records of one turn. Each is encoded or decoded once, so that cached parts of a record do not count. */
const RECORDS = 400;

/** Archived sessions of a full record, as many as clients keep. */
const ARCHIVED = 40;
/** Full records of one turn. */
const FULL_RECORDS = 50;

/** A runtime that works from the schema. */
interface Runtime {
  readonly name: string;
  decode(bytes: Uint8Array): unknown;
  encode(message: never): Uint8Array;
}

const BUFBUILD: Runtime = {
  name: "@bufbuild/protobuf",
  decode: (bytes) => fromBinary(RecordStructureSchema, bytes),
  encode: (message) => toBinary(RecordStructureSchema, message),
};

/** With the functions that protobufjs generates for the type. */
function protobufJs(): Runtime {
  const { root } = protobuf.parse(readFileSync("proto/holdfast/v1/signal_storage.proto", "utf8"));
  const type = root.lookupType("holdfast.v1.RecordStructure").setup();
  return {
    name: "protobufjs",
    decode: (bytes) => type.decode(bytes),
    encode: (message) => type.encode(message).finish(),
  };
}

/** Records without any part that was encoded before. */
function freshRecords(count: number, archived = 0): SessionRecord[] {
  return Array.from({ length: count }, () => freshRecord(archived));
}

/** Both sides encode objects of their own kind with the same content. */
function encoding(runtime: Runtime): Comparison {
  let records: SessionRecord[] = [];
  let messages: unknown[] = [];
  return {
    ours: {
      prepare: () => {
        records = freshRecords(RECORDS);
      },
      run: () => {
        for (const record of records) record.encode();
      },
    },
    theirs: {
      prepare: () => {
        messages = records.map((record) => runtime.decode(record.encode()));
      },
      run: () => {
        for (const message of messages) runtime.encode(message as never);
      },
    },
  };
}

/** Both sides decode the same bytes, each a copy of its own, and may keep views of them. */
function decoding(runtime: Runtime): Comparison {
  let encoded: Uint8Array[] = [];
  let copies: Uint8Array[] = [];
  return {
    ours: {
      prepare: () => {
        encoded = freshRecords(RECORDS).map((record) => record.encode());
      },
      run: () => {
        for (const bytes of encoded) SessionRecord.decode(bytes, { owned: true });
      },
    },
    theirs: {
      prepare: () => {
        copies = encoded.map((bytes) => bytes.slice());
      },
      run: () => {
        for (const bytes of copies) runtime.decode(bytes);
      },
    },
  };
}

/** Loads a session, sends one message and flushes it. */
function loadSendFlush(bytes: Uint8Array): Uint8Array {
  const record = sessionRecordCodec.decode(bytes);
  advance(record);
  return sessionRecordCodec.encode(record);
}

/**
 * The additional time of full records over records without their archive, compared with copying the archive.
 */
function archivedExtra(): Comparison {
  let full: Uint8Array[] = [];
  let plain: Uint8Array[] = [];
  let archives: Uint8Array[] = [];
  return {
    ours: {
      prepare: () => {
        full = freshRecords(FULL_RECORDS, ARCHIVED).map((record) => record.encode());
      },
      run: () => {
        for (const bytes of full) loadSendFlush(bytes);
      },
    },
    ownBase: {
      prepare: () => {
        plain = full.map(withoutArchive);
      },
      run: () => {
        for (const bytes of plain) loadSendFlush(bytes);
      },
    },
    theirs: {
      prepare: () => {
        archives = full.map((bytes, index) => bytes.slice((plain[index] as Uint8Array).length));
      },
      run: () => {
        for (const archive of archives) archive.slice();
      },
    },
  };
}

/** The current session precedes the archive. */
function withoutArchive(bytes: Uint8Array): Uint8Array {
  const record = SessionRecord.decode(bytes);
  const { current } = record;
  if (current === undefined) throw new Error("the record has no current session");
  const plain = new SessionRecord();
  plain.startSession(current);
  return plain.encode();
}

function againstRuntime(name: string, what: string): string {
  return `${name}, ${what}; each record is new`;
}

const ENCODED = "a session of 1.4 kB encoded from objects of its own kind";
const DECODED = "a session of 1.4 kB decoded with all its chains";

export const entries: readonly BenchEntry[] = [
  {
    name: "signal.encode.ratio_vs_protobuf_runtime",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 0.25 },
    against: againstRuntime("@bufbuild/protobuf", ENCODED),
    open: () => encoding(BUFBUILD),
  },
  {
    name: "signal.encode.ratio_vs_protobufjs",
    kind: "ratio",
    unit: "ratio",
    against: againstRuntime("protobufjs", ENCODED),
    open: () => encoding(protobufJs()),
  },
  {
    name: "signal.decode.ratio_vs_protobuf_runtime",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 0.15 },
    against: againstRuntime("@bufbuild/protobuf", DECODED),
    open: () => decoding(BUFBUILD),
  },
  {
    name: "signal.decode.ratio_vs_protobufjs",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1 },
    against: againstRuntime("protobufjs", DECODED),
    open: () => decoding(protobufJs()),
  },
  {
    name: "signal.archived40_extra.ratio_vs_memcpy",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 3 },
    against: "copying the bytes of the 40 archived sessions once",
    open: archivedExtra,
  },
];
