import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MAX_MESSAGE_KEYS, SessionChain } from "./session_chain.ts";

const RATCHET_KEY = new Uint8Array(33).fill(5, 0, 1);

function hmac(key: Uint8Array, input: number): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(Uint8Array.of(input)).digest());
}

function chainAt(index: number): SessionChain {
  return SessionChain.create({ ratchetKey: RATCHET_KEY, chainKey: new Uint8Array(32).fill(7), index });
}

describe("SessionChain", () => {
  test("derives steps and seeds by HMAC of 2 and 1", () => {
    const first = chainAt(0);
    const key = first.chainKey as Uint8Array;
    expect(first.messageSeed()).toEqual(hmac(key, 1));
    const third = first.fastForward(2);
    expect(third.next).toBe(2);
    expect(third.chainKey).toEqual(hmac(hmac(key, 2), 2));
    expect(third.messageSeed()).toEqual(hmac(hmac(hmac(key, 2), 2), 1));
    expect(first.next).toBe(0);
    expect(third.id).toBe(first.id);
  });

  test("moves only forward, by at most 2,000 steps", () => {
    expect(chainAt(5).fastForward(5).next).toBe(5);
    expect(chainAt(5).fastForward(4).next).toBe(5);
    expect(chainAt(5).fastForward(2_005).next).toBe(2_005);
    expect(() => chainAt(5).fastForward(2_006)).toThrow(RangeError);
    expect(() => chainAt(0xffff_ffff).fastForward(2 ** 32)).toThrow(RangeError);
    expect(() => chainAt(0).fastForward(Number.NaN)).toThrow(RangeError);
    expect(() => chainAt(0).fastForward(0.5)).toThrow(RangeError);
  });

  test("derives nothing when closed and keeps skipped keys", () => {
    const open = chainAt(3).withMessageKeys([{ index: 1, seed: new Uint8Array(32).fill(1) }]);
    const closed = open.close();
    expect(closed.chainKey).toBeUndefined();
    expect(closed.next).toBe(3);
    expect(closed.close()).toBe(closed);
    expect(() => closed.messageSeed()).toThrow(RangeError);
    expect(() => closed.fastForward(4)).toThrow(RangeError);
    expect(closed.messageKey(1)?.seed).toEqual(new Uint8Array(32).fill(1));
    // The retired key does not derive any message key of the chain.
    const placeholder = closed.parts.chainKey?.key as Uint8Array;
    for (const key of [open, open.fastForward(4)]) {
      expect(placeholder).not.toEqual(key.chainKey);
      expect(placeholder).not.toEqual(key.messageSeed());
    }
  });

  test("stays closed when a client drops the closed field", () => {
    const { parts } = chainAt(3).close();
    const chainKey = parts.chainKey && { ...parts.chainKey, closed: undefined };
    const returned = new SessionChain({ ...parts, chainKey });
    expect(returned.parts.chainKey?.key).toHaveLength(32);
    expect([returned.isClosed, returned.chainKey]).toEqual([true, undefined]);
    expect(() => returned.messageSeed()).toThrow(RangeError);
    expect(returned.close()).toBe(returned);
    // The retired key is as secret as the chain key, and differs between chains.
    const other = SessionChain.create({
      ratchetKey: RATCHET_KEY,
      chainKey: new Uint8Array(32).fill(8),
    }).close();
    expect(other.parts.chainKey?.key).not.toEqual(parts.chainKey?.key);
    expect(chainAt(3).isClosed).toBe(false);
  });

  test("finds, removes and copies skipped keys", () => {
    const seed = new Uint8Array(32).fill(1);
    const chain = chainAt(9).withMessageKeys([
      { index: 4, cipherKey: seed, macKey: seed, iv: seed.subarray(0, 16), seed },
      { index: 6, seed },
    ]);
    seed.fill(9);
    expect(chain.messageKey(4)).toEqual({
      index: 4,
      cipherKey: new Uint8Array(32).fill(1),
      macKey: new Uint8Array(32).fill(1),
      iv: new Uint8Array(16).fill(1),
      seed: new Uint8Array(32).fill(1),
    });
    for (const key of Object.values(chain.messageKey(4) ?? {})) if (key instanceof Uint8Array) key.fill(9);
    for (const key of ["cipherKey", "macKey", "iv", "seed"] as const)
      expect(chain.messageKey(4)?.[key]?.[0]).toBe(1);
    expect(chain.messageKey(6)).toEqual({ index: 6, seed: new Uint8Array(32).fill(1) });
    const taken = chain.withoutMessageKey(4);
    expect(taken.messageKey(4)).toBeUndefined();
    expect(taken.messageKeyCount).toBe(1);
    expect(chain.messageKeyCount).toBe(2);
    expect(taken.withoutMessageKey(4)).toBe(taken);
    expect(() => chain.withMessageKeys([{ index: -1 }])).toThrow(RangeError);
    expect(() => chain.withMessageKeys([{ index: 1, iv: new Uint8Array(15) }])).toThrow(RangeError);
  });

  test("keeps the 2,000 newest skipped keys", () => {
    const keys = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ index: from + i }));
    const full = chainAt(0).withMessageKeys(keys(0, 1_999)).withMessageKeys(keys(1_999, 1));
    expect(full.messageKeyCount).toBe(MAX_MESSAGE_KEYS);
    const more = full.withMessageKeys(keys(2_000, 3));
    expect(more.messageKeyCount).toBe(2_000);
    expect([more.messageKey(2), more.messageKey(3)?.index, more.messageKey(2_002)?.index]).toEqual([
      undefined,
      3,
      2_002,
    ]);
    expect(full.withMessageKeys(keys(5_000, 2_500)).messageKey(5_499)).toBeUndefined();
    expect(full.withMessageKeys(keys(5_000, 2_500)).messageKey(5_500)?.index).toBe(5_500);
  });
});
