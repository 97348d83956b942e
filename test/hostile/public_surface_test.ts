/** Hostile values to the whole public surface. Each failure names the call, its arguments and the seed. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import {
  type Complaint,
  hostileArguments,
  judge,
  memberNames,
  methodsOf,
  publicExports,
} from "./hostile_calls.ts";
import { openLiveObjects, optionTakers, sessionRecord, sessionState } from "./live_objects.ts";

const CALLS_PER_WORLD = 2_500;

const PLAUSIBLE: readonly (() => unknown)[] = [
  () => "100000000000002:2@lid.0",
  () => "5511999990000:2@c.us.0",
  () => "120363000000000001@g.us:100000000000009:1@lid.0",
  () => "120363000000000001@g.us",
  () => "regular_low",
  () => 1,
  () => 7,
  () => 1_000,
  () => new Uint8Array(32).fill(1),
  () => new Uint8Array(33).fill(5),
  () => sessionRecord(),
  () => sessionState(),
  () => () => undefined,
  () => async () => undefined,
  () => ({ user: "5511999990000", server: "s.whatsapp.net", device: 0 }),
  () => ({ lid: "100000000000001", phoneNumber: "5511999990000", createdAt: 1, updatedAt: 1 }),
  () => ["100000000000002:2@lid.0"],
  () => ({}),
];

const LIDS: readonly string[] = [
  ...["getLid", "getPn", "peekLid", "peekPn", "getLids", "getPns", "warmUp", "follow"],
  ...["resolveAddress", "userOf", "whileMapped", "encryptionJid", "swapNamespace"],
];

/** Public methods of objects that have further ones for their neighbours. */
const PUBLIC_METHODS: Readonly<Record<string, readonly string[]>> = {
  "signalCache.sessions": ["load", "loadMany", "peek", "has", "put", "delete", "consumePreKey"],
  "signalCache.senderKeys": ["load", "loadMany", "peek", "has", "put", "delete", "consumePreKey"],
  "signalCache.identities": ["load", "peek", "put", "delete"],
  "account.lid": LIDS,
  "directory.lid": LIDS,
};

const rejections: string[] = [];
const onRejection = (error: unknown): void => void rejections.push(String((error as Error)?.stack ?? error));

beforeEach(() => {
  rejections.length = 0;
  process.on("unhandledRejection", onRejection);
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  process.off("unhandledRejection", onRejection);
  vi.restoreAllMocks();
});

test.each(dose({ short: [1], long: Array.from({ length: 20 }, (_, index) => index + 1) }))(
  "answers hostile calls with its own errors (seed %i)",
  { timeout: DOSED_TIMEOUT_MS },
  async (seed) => {
    const random = new SeededRandom(seed);
    const world = await openLiveObjects(seed);
    const callables = [...(await publicExports())];
    for (const [name, target] of world.targets)
      callables.push(...methodsOf(name, target, PUBLIC_METHODS[name]));
    for (const { name, options, call } of optionTakers()) {
      for (const member of Object.keys(options)) {
        const of = ([value]: readonly unknown[]) => call({ ...options, [member]: value } as never);
        callables.push({ name: `${name}({ ${member} })`, call: of });
      }
    }
    const source = { random, members: memberNames(), plausible: PLAUSIBLE };
    const complaints: Complaint[] = [];
    for (let count = 0; count < CALLS_PER_WORLD; count += 1) {
      const callable = random.pick(callables);
      const { values, text } = hostileArguments(source);
      const fault = await judge(callable, values);
      if (fault !== undefined) complaints.push({ call: callable.name, args: text, fault });
    }
    const lost = await world.close();
    expect({ complaints: complaints.slice(0, 5), lost, rejections }).toEqual({
      complaints: [],
      lost: [],
      rejections: [],
    });
  },
);
