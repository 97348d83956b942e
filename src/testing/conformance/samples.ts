import { DEVICE, type Device, initialDevice } from "../../backend/mod.ts";
import type { FakeClock } from "../fake_clock.ts";
import { SeededRandom } from "../seeded_random.ts";
import { drawFull } from "./draw.ts";

/** Bytes that depend on `seed` and are the same in every run. */
export function sampleBytes(seed: number, length: number): Uint8Array {
  return new SeededRandom(seed).bytes(length);
}

/** A clock's time in the unit of stored times. */
export function secondsOf(clock: FakeClock): number {
  return Math.floor(clock.nowMs() / 1_000);
}

/** Returns `count` texts that differ only at the end. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/**
 * Texts that real stores have confused with each other or with syntax. Each is a valid key, and all are
 * different.
 */
export const HOSTILE_TEXTS: readonly string[] = [
  ...["user", "user:1", "user:10", "user:1:0", "user@lid.0", "user:1@lid.0", "User", "USER", "user.0"],
  ...["%", "_", "user%", "us_r", "%user%", "user:_", "*", "?", "u[s]er", "u*"],
  ...[
    "'",
    "''",
    '"',
    "`",
    "\\",
    "user\\",
    "'; DROP TABLE sessions; --",
    "user'--",
    "$1",
    ":user",
    "@user",
    "?1",
  ],
  ...[
    " ",
    "user ",
    " user",
    "user\t",
    "user\n",
    "user\r\n",
    "user\u0001",
    "\ufeffuser",
    "user\u200b",
    "user\u00a0",
  ],
  ...[
    "🙂",
    "🙂🙂",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "\uffff",
    "\ufffd",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "ı",
    "İ",
    "ﬁ",
    "fi",
  ],
  ...["שלום", "\u202euser", "user\u202e", "مستخدم", "用户", "ユーザー"],
  ...["null", "undefined", "NaN", "true", "0", "00", "-0", "1", "1.0", "1e3", "0x10", "9007199254740993"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "[object Object]"],
  ...["a/b", "a\\b", "../user", "a,b", "a;b", "a|b", '["a","b"]', "a::b", "a--b", "a__b"],
  ...["x".repeat(1_024), `${"x".repeat(1_023)}y`, "🙂".repeat(512)],
];

/** A device with every field set to something other than its default. */
export function fullDevice(seed: number): Device {
  return drawFull(DEVICE, { random: new SeededRandom(seed), nowS: 0 }) as Device;
}

/** An unpaired device: optional fields absent, all others at their default or minimum. */
export function freshDevice(seed: number): Device {
  return { ...fullDevice(seed), ...initialDevice(), registrationId: 1, signedPreKeyId: 1 };
}
