import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJid, anySignalAddress, garbageText } from "../../test/support/arbitraries/address_arbitraries.ts";
import { parseJid } from "./jid.ts";
import {
  formatNodeAddress,
  formatNodeSenderKeyName,
  parseNodeAddress,
  parseNodeSenderKeyName,
} from "./node_address.ts";
import { formatSenderKeyName } from "./sender_key_name.ts";
import { formatSignalAddress, type SignalAddress } from "./signal_address.ts";

const SERVERS = ["c.us", "lid", "hosted", "hosted.lid"];

function nodeAddresses(): fc.Arbitrary<SignalAddress> {
  return anySignalAddress().filter(({ user, server }) => SERVERS.includes(server) && !/[._]/.test(user));
}

describe("parseNodeAddress", () => {
  test("reads back formatNodeAddress", () => {
    fc.assert(
      fc.property(nodeAddresses(), (address) => {
        expect(parseNodeAddress(formatNodeAddress(address))).toEqual(address);
      }),
    );
  });
});

describe("parseNodeSenderKeyName", () => {
  test("reads back formatNodeSenderKeyName", () => {
    const names = fc.record({
      group: anyJid().map((jid) => ({ ...jid, device: 0 })),
      sender: nodeAddresses(),
    });
    fc.assert(
      fc.property(names, (name) => {
        expect(parseNodeSenderKeyName(formatNodeSenderKeyName(name))).toEqual(name);
      }),
    );
  });
});

describe("parseNodeAddress", () => {
  test("accepts only the spelling of formatNodeAddress", () => {
    fc.assert(
      fc.property(
        garbageText(),
        fc.constantFrom("_1", "_128", "_129", "_0", "_2", ""),
        fc.nat(70_000),
        (user, domain, device) => {
          const text = `${user}${domain}.${device}`;
          let address: SignalAddress;
          try {
            address = parseNodeAddress(text);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          expect(formatNodeAddress(address)).toBe(text);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["5511.0", "5511@c.us.0"],
    ["5511.3", "5511:3@c.us.0"],
    ["1000_1.7", "1000:7@lid.0"],
    ["5511_128.99", "5511:99@hosted.0"],
    ["1000_129.99", "1000:99@hosted.lid.0"],
  ])("reads %s as %s", (name, address) => {
    expect(formatSignalAddress(parseNodeAddress(name))).toBe(address);
  });

  test("reads a sender key name of Baileys", () => {
    const name = parseNodeSenderKeyName("120363000000000001@g.us::1000_1::7");
    expect(formatSenderKeyName(name)).toBe("120363000000000001@g.us:1000:7@lid.0");
  });

  test.each([
    "",
    ".",
    "5511",
    "5511.",
    ".1",
    "5511.01",
    "5511.x",
    "5511_0.1",
    "5511_2.1",
    "5511_1_1.1",
    "5511_.1",
    "5511.1.2",
    "a@b.1",
  ])("rejects %j", (text) => {
    expect(() => parseNodeAddress(text)).toThrow(TypeError);
  });

  test.each([
    "",
    "1203@g.us",
    "1203@g.us::1000_1",
    "1203@g.us::1000_1::7::8",
    "1203@g.us::1000_1::x",
    "1203@g.us::1000_3::7",
    "group::1000_1::7",
    "1203:1@g.us::1000_1::7",
    "1203:0@g.us::1000_1::7",
  ])("rejects the sender key name %j", (text) => {
    expect(() => parseNodeSenderKeyName(text)).toThrow(TypeError);
  });
});

test.each<SignalAddress>([
  { user: "1", server: "bot", device: 0 },
  { user: "1.2", server: "lid", device: 0 },
  { user: "1_2", server: "lid", device: 0 },
  { user: "1", server: "lid", device: 70_000 },
])("rejects $user on $server", (address) => {
  const group = parseJid("1203@g.us");
  expect(() => formatNodeAddress(address)).toThrow(TypeError);
  expect(() => formatNodeSenderKeyName({ group, sender: address })).toThrow(TypeError);
});
