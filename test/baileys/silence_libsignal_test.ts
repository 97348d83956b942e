/** The real library's lines. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Curve } from "baileys";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silenceLibsignal } from "../../src/baileys/mod.ts";
import { memoryKeys, pairedCreds } from "../support/whatsapp/mod.ts";
import { SignalPeer } from "./signal_peer.ts";

const METHODS = ["info", "warn", "log"] as const;
type Call = readonly [method: (typeof METHODS)[number], ...parameters: unknown[]];

let printed: Call[] = [];
const undos: (() => void)[] = [];

beforeEach(() => {
  printed = [];
  for (const method of METHODS) {
    vi.spyOn(console, method).mockImplementation(
      (...parameters) => void printed.push([method, ...parameters]),
    );
  }
});
afterEach(() => {
  for (const undo of undos.splice(0).reverse()) undo();
  vi.restoreAllMocks();
});

/** Silences until the test ends. */
function silence(): () => void {
  const undo = silenceLibsignal();
  undos.push(undo);
  return undo;
}

async function makePeer(pn: string): Promise<SignalPeer> {
  const keys = memoryKeys();
  const peer = new SignalPeer({ jid: `${pn}:1@s.whatsapp.net`, creds: pairedCreds({ pn }), keys });
  const preKey = Curve.generateKeyPair();
  await keys.set({ "pre-key": { 1: preKey, 2: preKey } });
  return peer;
}

/** Two sessions of the same pair, so that both ends close one. */
async function closeSessions(): Promise<void> {
  const [anna, ben] = [await makePeer("15550000001"), await makePeer("15550000002")];
  for (const preKeyId of [1, 2]) {
    await anna.greet(ben, preKeyId);
    expect(await ben.receive(anna, await anna.send(ben, "hello"))).toBe("hello");
  }
}

/** Every call of a console function in the library's source: its method, and its text. */
function linesOfLibrary(): [method: string, line: string, isAlone: boolean][] {
  const folder = join(dirname(createRequire(import.meta.url).resolve("libsignal")), "src");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(CONSOLE_CALL)])
    .map(([, method = "", line = "", next]) => [method, line, next === ")"]);
}

const CONSOLE_CALL = /^\s*console\.(\w+)\(\s*["']([^"']*)["']\s*([,)])/gm;

describe("silenceLibsignal", () => {
  test("drops the sessions that the library prints", async () => {
    await closeSessions();
    expect(JSON.stringify(printed), "without it").toContain("privKey");
    printed = [];
    silence();
    await closeSessions();
    expect(printed).toEqual([]);
  });

  test("knows every line of the library but its errors", () => {
    const lines = linesOfLibrary().filter(([method]) => method !== "error");
    expect(lines.length).toBeGreaterThan(8);
    silence();
    const session = { _chains: {}, currentRatchet: {}, indexInfo: {} };
    for (const [method, line, isAlone] of lines) {
      const rest = isAlone ? [] : line.startsWith("Unhandled") ? ["object", {}] : [session];
      console[method as "info"](line, ...rest);
    }
    expect(printed).toEqual([]);
  });

  test.each<Call>([
    ["info", "hello", { currentRatchet: {}, indexInfo: {} }],
    ["info", "Closing session:", "of the user"],
    ["info", "Closing session:", { indexInfo: {} }],
    ["info", "Session already open"],
    ["log", "Migrating session to:", "v1"],
    ["warn", "Session already open", "indeed"],
    ["warn"],
  ])("passes on %s %s %j", (...call: unknown[]) => {
    silence();
    const [method, ...parameters] = call;
    console[method as "info"](...parameters);
    expect(printed).toEqual([call]);
  });

  test("ends when each undo was called once", () => {
    const former = console.warn;
    const [first, second] = [silence(), silence()];
    first();
    first();
    console.warn("Session already open");
    expect(printed).toEqual([]);
    second();
    console.warn("Session already open");
    expect(printed).toEqual([["warn", "Session already open"]]);
    second();
    expect(console.warn).toBe(former);
  });

  test("leaves what another library has put in front", () => {
    const undo = silence();
    const inner = console.warn;
    const outer = (...parameters: unknown[]): void => inner(...parameters);
    console.warn = outer;
    undo();
    expect(console.warn).toBe(outer);
    console.warn("Session already open");
    expect(printed).toEqual([["warn", "Session already open"]]);
  });
});
