import { describe, expect, test } from "vitest";
import { nodeCrypto, webCrypto } from "./host_crypto.ts";
import { nodeSealer } from "./node_sealer.ts";
import type { Sealer, SealerKey } from "./sealer.ts";
import { webSealer } from "./web_sealer.ts";

const node = nodeCrypto();
const web = webCrypto();
const sealers: [string, Sealer][] = [];
if (node !== undefined) sealers.push(["node:crypto", nodeSealer(node)]);
if (web !== undefined) sealers.push(["WebCrypto", webSealer(web)]);

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

/** Test case 16 of "The Galois/Counter Mode of Operation" (McGrew and Viega), AES-256 with associated data. */
const KEY = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
const IV = hex("cafebabefacedbaddecaf888");
const PLAIN = hex(
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
);
const DATA = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
const CIPHERTEXT = hex(
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
);

/** Other bytes and the iv in front. */
const HEAD = Uint8Array.of(1, 2, 3, ...IV);
const SEALED = Uint8Array.of(...HEAD, ...CIPHERTEXT);

test("there is a sealer of each kind", () => expect(sealers).toHaveLength(2));

/** Head, ciphertext and tag. */
async function sealed(key: SealerKey, data: Uint8Array = DATA): Promise<Uint8Array> {
  const into = new Uint8Array(HEAD.length + PLAIN.length + 16);
  into.set(HEAD);
  await key.seal(into, HEAD.length, PLAIN, data);
  return into;
}

describe.each(sealers)("a sealer by %s", (_name, sealer) => {
  const key = sealer.importKey(KEY);

  test("seals as AES-256-GCM", async () => {
    expect(await sealed(key)).toEqual(SEALED);
  });

  test("opens what it has sealed, and changes neither", async () => {
    const stored = SEALED.slice();
    expect(await key.open(stored, HEAD.length, DATA)).toEqual(PLAIN);
    expect(stored).toEqual(SEALED);
  });

  test("opens nothing with another tag, associated data, iv or key", async () => {
    const other = sealer.importKey(KEY.map((byte) => byte ^ 1));
    for (const at of [HEAD.length - 1, HEAD.length, SEALED.length - 1]) {
      const flipped = SEALED.map((byte, index) => (index === at ? byte ^ 1 : byte));
      expect(await key.open(flipped, HEAD.length, DATA)).toBeUndefined();
    }
    expect(await key.open(SEALED, HEAD.length, DATA.subarray(1))).toBeUndefined();
    expect(await other.open(SEALED, HEAD.length, DATA)).toBeUndefined();
  });

  test("leaves the associated data to the caller when it returns", async () => {
    const data = DATA.slice();
    const sealing = sealed(key, data);
    data.fill(0);
    expect(await sealing).toEqual(SEALED);
    const again = DATA.slice();
    const opening = key.open(SEALED, HEAD.length, again);
    again.fill(0);
    expect(await opening).toEqual(PLAIN);
  });
});
