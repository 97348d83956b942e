/** Both encodings of whatsapp-rust. The positional one is written by the test. */
import { describe, expect, test } from "vitest";
import { certChainOf, hashStateOf, syncKeyOf } from "../../src/importers/whatsapp_rust/positional.ts";
import {
  encodeHashState,
  encodeServerCertChain,
  encodeSyncKey,
  encodeSyncKeyFingerprint,
} from "../../src/records/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { positional } from "./foreign_rows.ts";

const SEED = 20_261_130;

/** Times of each size: one byte, two, four and eight. */
const TIMES = [7, 900, 1_700_000_000, 1_700_000_000_000];

describe("values of whatsapp-rust", () => {
  test("decode in either encoding, and are never ambiguous", () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 100; round++) {
      const keyData = random.bytes(32);
      const fingerprint = encodeSyncKeyFingerprint({
        rawId: random.below(2 ** 31),
        currentIndex: random.below(9),
        deviceIndexes: [0, 1],
      });
      const timestamp = random.pick(TIMES);
      const key = { keyData, fingerprint, timestamp };
      expect(syncKeyOf(encodeSyncKey(key)), `seed ${SEED}`).toEqual(key);
      expect(syncKeyOf(positional(keyData, fingerprint, timestamp)), `seed ${SEED}`).toEqual(key);

      const [version, hash] = [BigInt(random.pick(TIMES)), random.bytes(128)];
      const state = { version, hash, indexValueMap: new Map(), macMismatchFatal: false };
      expect(hashStateOf(encodeHashState(state)), `seed ${SEED}`).toEqual(state);
      expect(hashStateOf(positional(version, { raw: hash }, 0n)), `seed ${SEED}`).toEqual(state);

      const cert = { key: random.bytes(32), notBefore: random.pick(TIMES), notAfter: random.pick(TIMES) };
      const chain = { intermediate: cert, leaf: cert };
      const fields = [{ raw: cert.key }, cert.notBefore, cert.notAfter] as const;
      expect(certChainOf(encodeServerCertChain(chain)), `seed ${SEED}`).toEqual(chain);
      expect(certChainOf(positional(...fields, ...fields)), `seed ${SEED}`).toEqual(chain);
    }
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["a truncated key", positional(new Uint8Array(32).fill(1), new Uint8Array(0), 7).subarray(0, 20)],
    ["more than a key", positional(new Uint8Array(32).fill(1), new Uint8Array(0), 7, 7)],
    ["a negative time", positional(new Uint8Array(32).fill(1), new Uint8Array(0), 1n)],
    ["an integer of 16 bytes", Buffer.from([254, ...new Uint8Array(40)])],
  ])("%s is damaged", (_name, bytes) => {
    expect(() => syncKeyOf(new Uint8Array(bytes))).toThrow(/unknown encoding/);
  });
});
