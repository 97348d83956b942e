import { describe, expect, test } from "vitest";
import { looseCommit, looseRead } from "../../test/support/wire/loose_wire.ts";
import { READ_METHODS, READS, WRITE_KINDS } from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { drawFull } from "../testing/conformance/draw.ts";
import { drawWrite } from "../testing/conformance/write_samples.ts";
import { SeededRandom } from "../testing/mod.ts";
import { CALLER_WIRE, CallerWire } from "./caller_wire.ts";
import { Wire } from "./wire.ts";

const GUARD = { owner: "client", minEpoch: 7, maxEpoch: 7 };

const NOW_S = 1_700_000_000;

// The tests' encoder implements the format and the rules independently of the codecs.
describe("CallerWire.encodeCommit", () => {
  test.each(WRITE_KINDS)("encodes %s as an independent encoder", (kind) => {
    const random = new SeededRandom(1);
    for (let round = 0; round < 20; round += 1) {
      const write = drawWrite(kind, { random, nowS: NOW_S });
      const body = CALLER_WIRE.encodeCommit([write], GUARD);
      expect(hexOf(body)).toBe(hexOf(looseCommit(write, GUARD)));
    }
  });
});

describe("CallerWire.encodeRead", () => {
  test.each(READ_METHODS)("encodes %s as an independent encoder", (method) => {
    const random = new SeededRandom(2);
    const args = READS[method].args.map(({ rule }) => drawFull(rule, { random, nowS: NOW_S }));
    expect(hexOf(CALLER_WIRE.encodeRead(method, args))).toBe(hexOf(looseRead(method, args)));
  });
});

// Bodies of version 1. A change that alters one of them needs a new protocol version.
describe("Wire, version 1", () => {
  const wire = new Wire(1);
  const caller = new CallerWire(wire);

  test("encodes a commit", () => {
    const record = new Uint8Array([1, 2, 3]);
    const body = caller.encodeCommit(
      [
        { kind: "session.delete", address: "a.0" },
        { kind: "session.delete", address: "b.0" },
        { kind: "session.put", address: "a.0", record },
      ],
      GUARD,
    );
    expect(hexOf(body)).toBe(
      [
        "4846 01", // magic, version
        "01 01 01 06636c69656e74 07 07 00", // a commit; the guard: its owner, two epochs, no next owner
        "0e73657373696f6e2e64656c657465 02 03612e30 03622e30", // two of session.delete
        "0b73657373696f6e2e707574 01 03612e30 03010203 00", // one session.put, without a lease
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("encodes a read and its answer", () => {
    expect(hexOf(caller.encodeRead("getSession", ["a.0"]))).toBe("484601020a67657453657373696f6e03612e30");
    expect(hexOf(wire.encodeAnswer("getSession", undefined))).toBe("48460100");
  });

  test("has no listing of rows", () => {
    expect(() => caller.encodeRead("listRows", ["session", undefined, 1])).toThrow(CorruptError);
  });

  test("encodes row counts", () => {
    expect(hexOf(wire.encodeCounts([1, 0, 300]))).toBe("484601030100ac02");
  });
});
