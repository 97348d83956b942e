import { describe, expect, test } from "vitest";
import { phoneNumberJidOf, senderKeyNameOf } from "./repository_address.ts";

describe("phoneNumberJidOf", () => {
  test.each([
    ["15550000001.0", "15550000001@s.whatsapp.net"],
    ["15550000001.17", "15550000001:17@s.whatsapp.net"],
    ["15550000001_128.99", "15550000001:99@hosted"],
    ["100000000000001_1.2", undefined],
    ["100000000000001_129.99", undefined],
  ])("maps %s to %s", (address, jid) => {
    expect(phoneNumberJidOf(address)).toBe(jid);
  });
});

describe("senderKeyNameOf", () => {
  test("returns the stored name", () => {
    expect(senderKeyNameOf("120363000000000001@g.us", "100000000000001_1.2")).toBe(
      "120363000000000001@g.us::100000000000001_1::2",
    );
  });
});
