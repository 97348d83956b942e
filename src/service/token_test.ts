import { describe, expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { hashToken, makeToken, tokenId } from "./token.ts";

describe("makeToken", () => {
  test("returns an id, 256 random bits, and their hash", async () => {
    const { token, id, hash } = await makeToken(new SeededRandom(1));
    expect(token).toMatch(/^hf_[0-9a-f]{16}_[0-9a-f]{64}$/);
    expect(tokenId(token)).toBe(id);
    expect(hash).toEqual(await hashToken(token));
    expect((await makeToken(new SeededRandom(2))).token).not.toBe(token);
  });
});

describe("tokenId", () => {
  test.each([
    "",
    "hf_",
    "hf_0123456789abcdef",
    "xx_0123456789abcdef_",
    `hf_0123456789abcdef_${"0".repeat(63)}g`,
    "\n",
  ])("returns undefined for %j", (text) => expect(tokenId(text)).toBeUndefined());
});
