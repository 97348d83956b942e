import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type RecordStructure, RecordStructureSchema } from "../../src/records/mod.ts";
import { SessionChain, SessionRecord, SessionState, sessionRecordCodec } from "../../src/signal/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { type BenchEntry, median } from "../bench.ts";

/** An archive as full as other clients let it become. */
const ARCHIVED = 40;

const ROUNDS = 401;
/** Calls of one measurement: short, so that what else the machine does spoils few of them. */
const CALLS = 25;

const random = new SeededRandom(3);

function publicKey(): Uint8Array {
  const key = random.bytes(33);
  key[0] = 5;
  return key;
}

function chain(messageKeys: number): SessionChain {
  const fresh = SessionChain.create({
    ratchetKey: publicKey(),
    ratchetKeyPrivate: random.bytes(32),
    chainKey: random.bytes(32),
    index: 17,
  });
  const keys = Array.from({ length: messageKeys }, (_, index) => ({
    index,
    cipherKey: random.bytes(32),
    macKey: random.bytes(32),
    iv: random.bytes(16),
    seed: random.bytes(32),
  }));
  return fresh.withMessageKeys(keys);
}

/** A session of about 1.4 kB: five receiving chains, four skipped messages. */
function session(): SessionState {
  const state = new SessionState();
  state.sessionVersion = 3;
  state.localIdentityPublic = publicKey();
  state.remoteIdentityPublic = publicKey();
  state.rootKey = random.bytes(32);
  state.previousCounter = 4;
  state.senderChain = chain(0);
  for (let i = 0; i < 5; i++) state.putReceiverChain(chain(i === 4 ? 4 : 0));
  state.remoteRegistrationId = 123_456;
  state.localRegistrationId = 654_321;
  state.aliceBaseKey = publicKey();
  return state;
}

/** A record none of whose parts has ever been encoded: nothing can be copied from where it was read. */
function freshRecord(archived: number): SessionRecord {
  const record = new SessionRecord();
  for (let i = 0; i < archived; i++) record.startSession(session());
  record.startSession(session());
  return record;
}

function advance(record: SessionRecord): void {
  const chain = record.sendingChain;
  if (chain !== undefined) record.fastForward(chain.id, chain.next + 1);
}

/** What happens to a session that is loaded, sends one message and is flushed. */
function loadSendFlush(bytes: Uint8Array): Uint8Array {
  const record = sessionRecordCodec.decode(bytes);
  advance(record);
  return sessionRecordCodec.encode(record);
}

/** Mean microseconds of a call of each work: medians of rounds in which they take turns. */
function interleaved(works: readonly (() => unknown)[]): number[] {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < ROUNDS + 1; round++) {
    for (let turn = 0; turn < works.length; turn++) {
      const at = (turn + round) % works.length;
      const work = works[at] as () => unknown;
      const startedAt = performance.now();
      for (let i = 0; i < CALLS; i++) work();
      const elapsedMs = performance.now() - startedAt;
      // The first round warms up.
      if (round > 0) times[at]?.push((elapsedMs * 1_000) / CALLS);
    }
  }
  return times.map(median);
}

/** How much longer `a` takes than `b`. */
function ratioOf(a: () => unknown, b: () => unknown): number {
  const [timeOfA, timeOfB] = interleaved([a, b]) as [number, number];
  return timeOfA / timeOfB;
}

async function archivedExtra(): Promise<number> {
  const plain = freshRecord(0).encode();
  const full = freshRecord(ARCHIVED).encode();
  const archive = full.slice(0, full.length - plain.length);
  const [withArchive, without, copying] = interleaved([
    () => loadSendFlush(full),
    () => loadSendFlush(plain),
    () => archive.slice(),
  ]) as [number, number, number];
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
      const record = freshRecord(0);
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
      const bytes = freshRecord(0).encode();
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
