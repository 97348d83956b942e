import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJid, anySignalAddress, garbageText } from "../../test/support/arbitraries/address_arbitraries.ts";
import { parseJid } from "./jid.ts";
import {
  formatSignalAddress,
  parseSignalAddress,
  signalAddressToJid,
  toSignalAddress,
  tryParseSignalAddress,
  userOfAddress,
} from "./signal_address.ts";

describe("parseSignalAddress", () => {
  test("reads back formatSignalAddress", () => {
    fc.assert(
      fc.property(anySignalAddress(), (address) => {
        expect(parseSignalAddress(formatSignalAddress(address))).toEqual(address);
      }),
    );
  });

  test("accepts only the spelling of formatSignalAddress", () => {
    fc.assert(
      fc.property(garbageText(), fc.constantFrom("", ".0", ".1"), (head, tail) => {
        const text = head + tail;
        const address = tryParseSignalAddress(text);
        if (address === undefined) expect(() => parseSignalAddress(text)).toThrow(TypeError);
        else expect(formatSignalAddress(address)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("toSignalAddress", () => {
  test("is the inverse of signalAddressToJid", () => {
    expect(formatSignalAddress(toSignalAddress(parseJid("5511@s.whatsapp.net")))).toBe("5511@c.us.0");
    expect(formatSignalAddress(toSignalAddress(parseJid("5511:3@c.us")))).toBe("5511:3@c.us.0");
    expect(formatSignalAddress(toSignalAddress(parseJid("1000.2:7@lid")))).toBe("1000.2:7@lid.0");
    expect(signalAddressToJid(parseSignalAddress("5511:3@c.us.0"))).toEqual(
      parseJid("5511:3@s.whatsapp.net"),
    );
    fc.assert(
      fc.property(anyJid(), (jid) => {
        fc.pre(jid.agent === 0 && jid.server !== "c.us");
        expect(signalAddressToJid(toSignalAddress(jid))).toEqual(jid);
      }),
    );
  });

  test("rejects a JID with an agent", () => {
    expect(() => toSignalAddress(parseJid("1.2@msgr"))).toThrow(TypeError);
  });
});

describe("formatSignalAddress", () => {
  test("rejects the server s.whatsapp.net", () => {
    const address = { user: "1", server: "s.whatsapp.net" as "c.us", device: 0 };
    expect(() => formatSignalAddress(address)).toThrow(TypeError);
  });
});

describe("parseSignalAddress", () => {
  test.each([
    "",
    ".0",
    "5511@c.us",
    "5511@c.us.1",
    "5511@c.us.00",
    "5511:0@c.us.0",
    "5511:03@c.us.0",
    "5511@s.whatsapp.net.0",
    "1.2@msgr.0",
    "1.0@msgr.0",
    "5511.0",
  ])("rejects %j", (text) => {
    expect(() => parseSignalAddress(text)).toThrow(TypeError);
    expect(userOfAddress(text)).toBe(text);
  });
});

describe("userOfAddress", () => {
  test("agrees with parseSignalAddress", () => {
    const part = fc.constantFrom(
      "5511999990000",
      "0",
      "007",
      "1".repeat(21),
      "a1",
      "1.2",
      "٣",
      "",
      ":",
      ":0",
      ":1",
      ":007",
    );
    const device = fc.constantFrom("", ":1", ":9999", ":10000", ":65535", ":65536", ":01", ":1:2", ":1\n");
    const server = fc.constantFrom("@c.us", "@lid", "@s.whatsapp.net", "@hosted", "@cxus", "@lid\n", "");
    const tail = fc.constantFrom(".0", ".1", "", ".0.0", ".0\n");
    fc.assert(
      fc.property(part, device, server, tail, (...parts) => {
        const text = parts.join("");
        expect(userOfAddress(text)).toBe(tryParseSignalAddress(text)?.user ?? text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("returns a prefix of the address, or the whole text", () => {
    expect(userOfAddress("5511:3@c.us.0")).toBe("5511");
    expect(userOfAddress("1000.2@lid.0")).toBe("1000.2");
    expect(userOfAddress("5511:1")).toBe("5511:1");
    expect(userOfAddress("5511@c.us.0@c.us.0")).toBe("5511@c.us.0@c.us.0");
    expect(userOfAddress("%@c.us.0")).toBe("%");
    fc.assert(
      fc.property(garbageText(), (text) => {
        expect(text.startsWith(userOfAddress(text))).toBe(true);
      }),
    );
  });
});
