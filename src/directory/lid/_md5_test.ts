import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hexOf } from "../../bytes/mod.ts";
import { SeededRandom } from "../../testing/mod.ts";
import { md5 } from "./_md5.ts";

test("md5 is that of RFC 1321 and of another implementation", () => {
  expect(hexOf(md5(new Uint8Array(0)))).toBe("d41d8cd98f00b204e9800998ecf8427e");
  expect(hexOf(md5(new TextEncoder().encode("message digest")))).toBe("f96b697d7cb7938d525a2f31aaf161d0");
  const random = new SeededRandom(1);
  for (let length = 0; length < 200; length += 1) {
    const message = random.bytes(length);
    expect(hexOf(md5(message))).toBe(createHash("md5").update(message).digest("hex"));
  }
});
