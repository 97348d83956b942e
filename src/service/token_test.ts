import { expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { hashToken, makeToken, sameHash, tokenId } from "./token.ts";

test("a token is its id and 256 random bits, and is known by its hash", async () => {
  const { token, id, hash } = await makeToken(new SeededRandom(1));
  expect(token).toMatch(/^hf_[0-9a-f]{16}_[0-9a-f]{64}$/);
  expect(tokenId(token)).toBe(id);
  expect(hash).toEqual(await hashToken(token));
  expect((await makeToken(new SeededRandom(2))).token).not.toBe(token);
});

test.each([
  "",
  "hf_",
  "hf_0123456789abcdef",
  "xx_0123456789abcdef_",
  `hf_0123456789abcdef_${"0".repeat(63)}g`,
  "\n",
])("what is no token has no id: %j", (text) => expect(tokenId(text)).toBeUndefined());

test("hashes are compared whole, wherever they differ", async () => {
  const hash = await hashToken("a token");
  const reads: number[] = [];
  const watched = new Proxy(hash, {
    get(target, name) {
      if (typeof name === "string" && /^[0-9]+$/.test(name)) reads.push(Number(name));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  for (const index of [-1, 0, 15, 31]) {
    const other = hash.map((byte, at) => (at === index ? byte ^ 1 : byte));
    reads.length = 0;
    expect(sameHash(other, watched)).toBe(index === -1);
    expect(reads).toEqual(Array.from({ length: 32 }, (_, at) => at));
  }
  expect(sameHash(hash, hash.slice(1))).toBe(false);
  expect(sameHash(new Uint8Array(0), hash)).toBe(false);
});
