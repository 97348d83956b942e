import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { SessionRecord, sessionRecordCodec } from "../../src/ratchet/mod.ts";
import {
  type RecordStructure,
  RecordStructureSchema,
} from "../../test/support/proto/holdfast/v1/signal_storage_pb.ts";
import type { BenchEntry } from "../bench.ts";
import { interleaved, timed } from "../interleaved.ts";
import { advance, freshRecord } from "../sample_records.ts";

/** An archive as full as other clients let it become. */
const ARCHIVED = 40;

const ROUNDS = 401;
/** Calls of one measurement: short, so that what else the machine does spoils few of them. */
const CALLS = 25;

/** What happens to a session that is loaded, sends one message and is flushed. */
function loadSendFlush(bytes: Uint8Array): Uint8Array {
  const record = sessionRecordCodec.decode(bytes);
  advance(record);
  return sessionRecordCodec.encode(record);
}

/** Mean microseconds of a call of each work. */
function microseconds(works: readonly (() => unknown)[]): Promise<number[]> {
  return interleaved(
    works.map((work) => timed(work, CALLS)),
    { rounds: ROUNDS },
  );
}

/** How much longer `a` takes than `b`. */
async function ratioOf(a: () => unknown, b: () => unknown): Promise<number> {
  const [timeOfA, timeOfB] = (await microseconds([a, b])) as [number, number];
  return timeOfA / timeOfB;
}

async function archivedExtra(): Promise<number> {
  const plain = freshRecord().encode();
  const full = freshRecord(ARCHIVED).encode();
  const archive = full.slice(0, full.length - plain.length);
  const [withArchive, without, copying] = (await microseconds([
    () => loadSendFlush(full),
    () => loadSendFlush(plain),
    () => archive.slice(),
  ])) as [number, number, number];
  return (withArchive - without) / copying;
}

function message(record: SessionRecord): RecordStructure {
  return fromBinary(RecordStructureSchema, record.encode());
}

const AGAINST = "@bufbuild/protobuf, toBinary and fromBinary of the same record";

export const entries: readonly BenchEntry[] = [
  {
    name: "signal.encode.ratio_vs_protobuf_runtime",
    unit: "ratio",
    limit: { max: 0.25 },
    against: AGAINST,
    run: async () => {
      const record = freshRecord();
      const same = message(record);
      return ratioOf(
        () => record.encode(),
        () => toBinary(RecordStructureSchema, same),
      );
    },
  },
  {
    name: "signal.decode.ratio_vs_protobuf_runtime",
    unit: "ratio",
    against: AGAINST,
    run: async () => {
      const bytes = freshRecord().encode();
      return ratioOf(
        () => SessionRecord.decode(bytes),
        () => fromBinary(RecordStructureSchema, bytes),
      );
    },
  },
  {
    name: "signal.archived40_extra.ratio_vs_memcpy",
    unit: "ratio",
    limit: { max: 3 },
    against: "copying the bytes of the 40 archived sessions once",
    run: archivedExtra,
  },
];
