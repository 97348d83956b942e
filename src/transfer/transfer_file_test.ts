import { describe, expect, test } from "vitest";
import { type Device, WRITE_KINDS, type Write } from "../backend/mod.ts";
import { joinBytes, sameBytes } from "../bytes/mod.ts";
import { createDevice } from "../device/mod.ts";
import { encodePlainValue } from "../protocol/mod.ts";
import { collect } from "../testing/conformance/collect.ts";
import { drawWrite } from "../testing/conformance/write_samples.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { ByteSource } from "./byte_source.ts";
import { type ChunkGuard, checksummed, sealed } from "./chunk_guard.ts";
import { CHUNK_BYTES, readChunks, writeChunks } from "./chunks.ts";
import { encodeRecord, TransferCounts, type TransferRecord } from "./records.ts";
import { readTransferFile, writeTransferFile } from "./transfer_file.ts";

const DEVICE: Device = await createDevice(fakeHost({ seed: 4 }));

function recordsOf(writes: readonly Write[]): TransferRecord[] {
  const counts = new TransferCounts();
  const records: TransferRecord[] = [
    {
      kind: "header",
      header: {
        kind: "export",
        createdAtMs: 1,
        account: "shop",
        pn: undefined,
        lid: undefined,
        registrationId: DEVICE.registrationId,
      },
    },
    { kind: "device", device: DEVICE },
    ...writes.map((write, index) => ({ kind: index % 3 === 2 ? "later" : "row", write }) as const),
  ];
  for (const record of records) counts.add(record);
  return [...records, { kind: "totals", totals: counts.totals }];
}

/** Random writes of every kind. */
function drawnWrites(seed: number, rounds: number): Write[] {
  const random = new SeededRandom(seed);
  const from = { random, nowS: 1_700_000_000 };
  return Array.from({ length: rounds }, () => WRITE_KINDS.map((kind) => drawWrite(kind, from))).flat();
}

async function* of<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function fileOf(records: readonly TransferRecord[], passphrase?: string): Promise<Uint8Array> {
  const random = new SeededRandom(1);
  return joinBytes(
    await collect(writeTransferFile(of(records.map(encodeRecord)), { passphrase, random, logN: 10 })),
  );
}

/** Divides a file into pieces of random sizes. */
async function* piecesOf(file: Uint8Array, random: SeededRandom, most: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < file.length; ) {
    const end = start + random.below(most);
    yield file.subarray(start, end);
    start = end;
  }
}

async function* buffersOf(file: Uint8Array, random: SeededRandom, most: number): AsyncGenerator<Uint8Array> {
  for await (const piece of piecesOf(file, random, most)) yield Buffer.from(piece);
}

async function read(file: Uint8Array, passphrase?: string): Promise<TransferRecord[]> {
  return await collect(readTransferFile(of([file]), { passphrase }));
}

/** The fault for which a file is refused. */
async function faultOf(file: Uint8Array): Promise<string> {
  return await read(file).then(
    () => "none",
    (error) => error.fault ?? error.code,
  );
}

describe("transfer file", () => {
  test("returns every kind of write, the device and the totals, however the stream is divided", async () => {
    for (let seed = 0; seed < 3; seed += 1) {
      const records = recordsOf(drawnWrites(seed, 5));
      const file = await fileOf(records);
      const random = new SeededRandom(seed);
      for (const most of [30, 100_000]) {
        expect(await collect(readTransferFile(piecesOf(file, random, most)))).toEqual(records);
        // Small Buffers are parts of one piece of memory.
        expect(await collect(readTransferFile(buffersOf(file, random, most)))).toEqual(records);
      }
    }
  });

  test("is refused at every flipped byte, and says what is wrong", async () => {
    const file = await fileOf(recordsOf(drawnWrites(1, 1).slice(0, 6)));
    const faults = new Set<string>();
    for (let at = 0; at < file.length; at += 1) {
      const flipped = file.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      faults.add(await faultOf(flipped));
    }
    expect(faults).not.toContain("none");
    expect([...faults].sort()).toEqual(["damaged", "foreign", "incompatible", "order", "torn"]);
  });

  test("is refused at every length but its own", async () => {
    const file = await fileOf(recordsOf(drawnWrites(2, 1).slice(0, 6)));
    for (let length = 0; length < file.length; length += 1) {
      expect(["foreign", "torn", "short"], String(length)).toContain(await faultOf(file.slice(0, length)));
    }
    expect(await faultOf(joinBytes([file, new Uint8Array(1)]))).toBe("trailing");
  });

  test("is refused when it was written by a newer release, with both versions", async () => {
    const file = await fileOf(recordsOf([]));
    file[8] = 2;
    await expect(read(file)).rejects.toMatchObject({ code: "incompatible" });
    await expect(read(file)).rejects.toThrow("format 2 is newer than 1");
  });

  test("refuses kinds and members that a newer release has added", async () => {
    const put = { kind: "session.put", address: "1@lid.0", record: new Uint8Array(1) };
    for (const plain of [
      { ...put, kind: "session.renamed" },
      { ...put, colour: 1 },
      { ...put, lease: { reservedUntil: 1, incarnation: "0".repeat(32), burned: 0, colour: 1 } },
    ]) {
      const bytes = encodePlainValue(plain);
      const prefix = new Uint8Array([3, 0, 0, 0, bytes.length]);
      const [header, device, totals] = recordsOf([]).map(encodeRecord) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const content = of([header, device, prefix, bytes, totals]);
      const file = writeTransferFile(content, { passphrase: undefined, random: new SeededRandom(1) });
      await expect(collect(readTransferFile(file))).rejects.toMatchObject({ code: "incompatible" });
    }
  });

  test("is refused when its content is not what its end says", async () => {
    const records = recordsOf(drawnWrites(3, 1));
    const orders = [
      records.toSpliced(3, 1),
      records.toSpliced(3, 0, records[3] as TransferRecord),
      records.toSpliced(-1, 1),
      records.toSpliced(0, 1),
      records.toSpliced(1, 1),
      [...records, records[2] as TransferRecord],
    ];
    for (const [index, order] of orders.entries())
      expect(await faultOf(await fileOf(order)), String(index)).toBe("malformed");
  });

  test("holds a few chunks in memory, whatever its size", async () => {
    let waiting = 0;
    let most = 0;
    const row = {
      kind: "row",
      write: { kind: "groupMetadata.put", group: "1@g.us", blob: new Uint8Array(9_000) },
    };
    const piece = encodeRecord(row as TransferRecord);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 2_000; n += 1) {
        waiting += piece.length;
        yield piece;
      }
    }
    for await (const written of writeTransferFile(pieces(), {
      passphrase: undefined,
      random: new SeededRandom(1),
    })) {
      most = Math.max(most, waiting);
      waiting -= written.length;
    }
    expect(most).toBeLessThan(4 * CHUNK_BYTES);
  });
});

/** A guard whose file is not sealed, and one of a sealed file. */
const GUARDS: Readonly<Record<string, () => Promise<ChunkGuard>>> = {
  checksums: async () => checksummed(new Uint8Array(32)),
  "a seal": () => sealed(new Uint8Array(32).fill(7), new Uint8Array(32)),
};

describe.each(Object.keys(GUARDS))("chunks with %s", (name) => {
  const guard = GUARDS[name] as () => Promise<ChunkGuard>;
  const content = new SeededRandom(5).bytes(3 * CHUNK_BYTES + 17);

  async function chunks(): Promise<Uint8Array[]> {
    return await collect(writeChunks(of([content]), await guard()));
  }

  async function outcome(file: readonly Uint8Array[]): Promise<string> {
    const source = new ByteSource(of(file));
    try {
      return joinBytes(await collect(readChunks(source, await guard()))).length === content.length
        ? "whole"
        : "changed";
    } catch (error) {
      return (error as { fault?: string }).fault ?? String(error);
    }
  }

  test("are read as they were written", async () => {
    const source = new ByteSource(of(await chunks()));
    expect(sameBytes(joinBytes(await collect(readChunks(source, await guard()))), content)).toBe(true);
  });

  test("of whole multiples of a chunk end with a whole one", async () => {
    const even = content.subarray(0, 2 * CHUNK_BYTES);
    const written = await collect(writeChunks(of([even.subarray(0, 5), even.subarray(5)]), await guard()));
    expect(written).toHaveLength(2);
  });

  test("are refused in another order, twice, or with one missing", async () => {
    const [a, b, c, d] = (await chunks()) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(await outcome([a, b, c, d])).toBe("whole");
    expect(await outcome([b, a, c, d])).toBe("order");
    expect(await outcome([a, c, b, d])).toBe("order");
    expect(await outcome([a, b, b, c, d])).toBe("order");
    expect(await outcome([a, b, d])).toBe("order");
    expect(await outcome([a, b, c])).toBe("short");
    expect(await outcome([a, b, c.subarray(0, 99)])).toBe("torn");
    expect(await outcome([a, b, c, d, a])).toBe("trailing");
  });

  // A reader that trusted the head would end early, or take a chunk under another number.
  test("are refused with a changed head", async () => {
    const [a, b, c, d] = (await chunks()) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const renumbered = d.slice();
    renumbered[3] = 2;
    expect(await outcome([a, b, renumbered])).toBe("damaged");
    const ended = c.slice();
    ended[4] = 1;
    expect(await outcome([a, b, ended])).toBe("damaged");
    const endless = d.slice();
    endless[4] = 0;
    expect(await outcome([a, b, c, endless])).toBe("damaged");
  });

  test("of another file are refused", async () => {
    const others: Readonly<Record<string, () => Promise<ChunkGuard>>> = {
      checksums: async () => checksummed(new Uint8Array(32).fill(1)),
      "a seal": () => sealed(new Uint8Array(32).fill(7), new Uint8Array(32).fill(1)),
    };
    const other = others[name] as () => Promise<ChunkGuard>;
    const [a] = (await collect(writeChunks(of([content]), await other()))) as [Uint8Array];
    const [, b, c, d] = (await chunks()) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect(await outcome([a, b, c, d])).toBe("damaged");
  });
});

describe("sealed transfer file", () => {
  const passphrase = "correct horse battery";

  test("opens with its passphrase alone, in any of its spellings", async () => {
    const records = recordsOf(drawnWrites(6, 1));
    const file = await fileOf(records, `${passphrase}\u00e9`);
    expect(await read(file, `${passphrase}e\u0301`)).toEqual(records);
    await expect(read(file, `${passphrase}e`)).rejects.toMatchObject({ name: "PassphraseError" });
    await expect(read(file)).rejects.toMatchObject({ name: "PassphraseError", code: "refused" });
    await expect(read(file, "short")).rejects.toBeInstanceOf(TypeError);
    const secret = Buffer.from(DEVICE.identityKey.privateKey);
    expect(Buffer.from(file).includes(secret)).toBe(false);
    expect(Buffer.from(await fileOf(records)).includes(secret)).toBe(true);
  });

  test("has the same key where the host derives it and where it cannot", async () => {
    const file = await fileOf(recordsOf([]), passphrase);
    const { process } = globalThis as { process: { getBuiltinModule?: unknown } };
    const { getBuiltinModule } = process;
    try {
      process.getBuiltinModule = undefined;
      expect(await read(file, passphrase)).toEqual(recordsOf([]));
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  });

  test("is read without a passphrase when it is not sealed", async () => {
    const records = recordsOf([]);
    expect(await read(await fileOf(records), passphrase)).toEqual(records);
  });
});
