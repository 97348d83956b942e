import type { Device } from "../../backend/mod.ts";
import type { FakeClock } from "../fake_clock.ts";
import { SeededRandom } from "../seeded_random.ts";

/** Bytes that are easy to tell apart: they depend on `seed` and repeat on every run. */
export function sampleBytes(seed: number, length: number): Uint8Array {
  return new SeededRandom(seed).bytes(length);
}

/** A clock's time in the unit of stored times. */
export function secondsOf(clock: FakeClock): number {
  return Math.floor(clock.nowMs() / 1_000);
}

/** Everything that an async iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** `count` texts that differ only at the end. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/**
 * Texts that have been taken for one another, or for syntax, by stores in the field. Each is a legal key and they are
 * all different.
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
  const random = new SeededRandom(seed);
  const pair = () => ({ privateKey: random.bytes(32), publicKey: random.bytes(32) });
  const cert = (notBefore: number) => ({ key: random.bytes(32), notBefore, notAfter: notBefore + 86_400 });
  return {
    pn: `55119999${seed}:3@s.whatsapp.net`,
    lid: `1000200${seed}:3@lid`,
    registrationId: 2 ** 31 - 1,
    noiseKey: pair(),
    identityKey: pair(),
    signedPreKey: pair(),
    signedPreKeyId: 2 ** 24 - 1,
    signedPreKeySignature: random.bytes(64),
    advSecretKey: random.bytes(32),
    account: {
      details: random.bytes(20),
      accountSignatureKey: random.bytes(32),
      accountSignature: random.bytes(64),
      deviceSignature: random.bytes(64),
    },
    pushName: "Zoë 🙂 'quoted' \\ name",
    platform: "android",
    appVersion: [2, 3_000, 4_294_967_295],
    appVersionLastFetchedMs: Number.MAX_SAFE_INTEGER,
    edgeRoutingInfo: random.bytes(9),
    propsHash: "aH4sh",
    nextPreKeyId: 813,
    firstUnuploadedPreKeyId: 801,
    serverHasPreKeys: true,
    nctSalt: random.bytes(16),
    serverCertChain: { intermediate: cert(1_700_000_000), leaf: cert(1_710_000_000) },
    loginCounter: 41,
    lidMigrated: true,
    lastSignedPreKeyRotationMs: 1_767_225_600_123,
    readReceiptsDisabled: true,
    serverClientExpiration: { expiresAt: 1_800_000_000, version: "2.3000.1" },
    extra: new Map([
      ["processed-history", random.bytes(40)],
      ["empty", new Uint8Array(0)],
      ["__proto__", random.bytes(1)],
    ]),
  };
}

/** A device as it is before pairing: every optional field absent, everything else at its default. */
export function freshDevice(seed: number): Device {
  return {
    ...fullDevice(seed),
    pn: undefined,
    lid: undefined,
    registrationId: 1,
    signedPreKeyId: 1,
    account: undefined,
    pushName: "",
    platform: undefined,
    appVersion: [0, 0, 0],
    appVersionLastFetchedMs: 0,
    edgeRoutingInfo: undefined,
    propsHash: undefined,
    nextPreKeyId: 0,
    firstUnuploadedPreKeyId: 0,
    serverHasPreKeys: false,
    nctSalt: undefined,
    serverCertChain: undefined,
    loginCounter: 0,
    lidMigrated: false,
    lastSignedPreKeyRotationMs: 0,
    readReceiptsDisabled: false,
    serverClientExpiration: undefined,
    extra: new Map(),
  };
}
