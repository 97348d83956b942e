import type { Backend, Device, HashState, LidPnMapping, OwnerGuard } from "../../backend/mod.ts";
import { check, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { fullDevice, sampleBytes } from "./samples.ts";
import { readAll } from "./universe.ts";

type BadCall = readonly [
  what: string,
  failure: "TypeError" | "RangeError",
  call: (backend: Backend) => Promise<unknown>,
];

const RECORD = sampleBytes(1, 8);
const NOT_BYTES = [1, 2, 3] as unknown as Uint8Array;
const ARRAY_BUFFER = new ArrayBuffer(32) as unknown as Uint8Array;
const STATE: HashState = {
  version: 1n,
  hash: sampleBytes(1, 128),
  indexValueMap: new Map(),
  macMismatchFatal: false,
};
const MAPPING: LidPnMapping = {
  lid: "1000",
  phoneNumber: "5511",
  createdAt: 1,
  updatedAt: 1,
  learningSource: "usync",
};

/** Texts that are not valid keys. */
const BAD_TEXTS: readonly (readonly [string, unknown])[] = [
  ["an empty text", ""],
  ["a NUL", "user\0"],
  ["a lone surrogate", "user\ud800"],
  ["a text that is too long", "x".repeat(1_025)],
  ["a number", 5],
  ["nothing", undefined],
];

function badTexts(what: string, call: (backend: Backend, text: string) => Promise<unknown>): BadCall[] {
  return BAD_TEXTS.map(([kind, text]) => [
    `${kind} as ${what}`,
    "TypeError",
    (backend) => call(backend, text as string),
  ]);
}

const SIGNAL_CALLS: readonly BadCall[] = [
  ...badTexts("session address", (backend, text) => backend.putSession(text, RECORD)),
  ...badTexts("session address to read", (backend, text) => backend.getSession(text)),
  ...badTexts("one of many addresses to read", (backend, text) => backend.getSessions(["1000@lid.0", text])),
  ...badTexts("sender key name", (backend, text) => backend.putSenderKey(text, RECORD)),
  ["an empty session", "RangeError", (backend) => backend.putSession("1000@lid.0", new Uint8Array(0))],
  ["a session of numbers", "TypeError", (backend) => backend.putSession("1000@lid.0", NOT_BYTES)],
  ["a session of an ArrayBuffer", "TypeError", (backend) => backend.putSession("1000@lid.0", ARRAY_BUFFER)],
  ...[0, 31, 33, 64].map(
    (length): BadCall => [
      `an identity of ${length} bytes`,
      "RangeError",
      (backend) => backend.putIdentity("1000@lid.0", new Uint8Array(length)),
    ],
  ),
  ...[0, -1, 2 ** 24, 1.5, Number.NaN].map(
    (id): BadCall => [`pre-key id ${id}`, "RangeError", (backend) => backend.storePreKey(id, RECORD, false)],
  ),
  ["pre-key id 0 in a list", "RangeError", (backend) => backend.markPreKeysUploaded([1, 0])],
  ["pre-key id 0 to remove", "RangeError", (backend) => backend.removePreKey(0)],
  ["a text as pre-key id", "TypeError", (backend) => backend.removePreKey("1" as unknown as number)],
  ["signed pre-key id 2^24", "RangeError", (backend) => backend.storeSignedPreKey(2 ** 24, RECORD)],
  ["an empty pre-key", "RangeError", (backend) => backend.storePreKey(1, new Uint8Array(0), false)],
];

const APP_SYNC_CALLS: readonly BadCall[] = [
  [
    "an empty sync key id",
    "RangeError",
    (backend) =>
      backend.setSyncKey(new Uint8Array(0), { keyData: RECORD, fingerprint: RECORD, timestamp: 1 }),
  ],
  [
    "empty key data",
    "RangeError",
    (backend) =>
      backend.setSyncKey(RECORD, { keyData: new Uint8Array(0), fingerprint: RECORD, timestamp: 1 }),
  ],
  [
    "a negative timestamp",
    "RangeError",
    (backend) => backend.setSyncKey(RECORD, { keyData: RECORD, fingerprint: RECORD, timestamp: -1 }),
  ],
  [
    "a hash of 127 bytes",
    "RangeError",
    (backend) => backend.setVersion("regular", { ...STATE, hash: new Uint8Array(127) }),
  ],
  [
    "version 2^64",
    "RangeError",
    (backend) => backend.setVersion("regular", { ...STATE, version: 2n ** 64n }),
  ],
  ["version −1", "RangeError", (backend) => backend.setVersion("regular", { ...STATE, version: -1n })],
  [
    "a number as version",
    "TypeError",
    (backend) => backend.setVersion("regular", { ...STATE, version: 1 as unknown as bigint }),
  ],
  [
    "an empty index in a version's map",
    "TypeError",
    (backend) => backend.setVersion("regular", { ...STATE, indexValueMap: new Map([["", RECORD]]) }),
  ],
  [
    "an empty index MAC",
    "RangeError",
    (backend) => backend.putMutationMacs("regular", 1n, [{ indexMac: new Uint8Array(0), valueMac: RECORD }]),
  ],
  ...badTexts("collection", (backend, text) => backend.setVersion(text, STATE)),
];

const PROTOCOL_CALLS: readonly BadCall[] = [
  ...badTexts("group", (backend, text) => backend.setSenderKeyStatus(text, [["1000@lid", true]])),
  ...badTexts("device JID", (backend, text) => backend.setSenderKeyStatus("g@g.us", [[text, true]])),
  ...badTexts("LID", (backend, text) => backend.putLidMapping({ ...MAPPING, lid: text })),
  ...badTexts("phone number", (backend, text) => backend.putLidMapping({ ...MAPPING, phoneNumber: text })),
  ...badTexts("message id", (backend, text) => backend.storeSentMessage("c", text, RECORD)),
  ...badTexts("user of a device list", (backend, text) =>
    backend.updateDeviceList({ user: text, devices: [], timestamp: 1 }),
  ),
  [
    "a fraction of a second",
    "RangeError",
    (backend) => backend.putLidMapping({ ...MAPPING, createdAt: 1.5 }),
  ],
  ["a negative cutoff", "RangeError", (backend) => backend.deleteExpiredSentMessages(-1)],
  ["a cutoff that is not a number", "RangeError", (backend) => backend.deleteExpiredBaseKeys(Number.NaN)],
  ["a limit of −1", "RangeError", (backend) => backend.listPendingInbound(-1)],
  [
    "an empty received token",
    "RangeError",
    (backend) => backend.storeReceivedTcToken("1000@lid", new Uint8Array(0), 1),
  ],
  [
    "a secret of 31 bytes",
    "RangeError",
    (backend) =>
      backend.putMsgSecrets([
        { chat: "c", sender: "s", id: "i", secret: new Uint8Array(31), expiresAt: 0, messageTs: 0 },
      ]),
  ],
  [
    "a device number of −1",
    "RangeError",
    (backend) => backend.updateDeviceList({ user: "1000", devices: [{ deviceId: -1 }], timestamp: 1 }),
  ],
  [
    "a key index past 32 bits",
    "RangeError",
    (backend) =>
      backend.updateDeviceList({
        user: "1000",
        devices: [{ deviceId: 1, keyIndex: 2 ** 32 }],
        timestamp: 1,
      }),
  ],
  [
    "a raw id that is not an integer",
    "RangeError",
    (backend) => backend.updateDeviceList({ user: "1000", devices: [], timestamp: 1, rawId: 1.5 }),
  ],
];

/** Invalid guards of commits. */
const GUARD_CALLS: readonly BadCall[] = [
  ["an empty owner", "TypeError", withGuard({ owner: "" })],
  ["an owner that is too long", "TypeError", withGuard({ owner: "x".repeat(65) })],
  ["a next owner that is too long", "TypeError", withGuard({ next: { owner: "x".repeat(65), epoch: 9 } })],
  ["a negative epoch", "RangeError", withGuard({ minEpoch: -1 })],
  ["an epoch past 2^53", "RangeError", withGuard({ maxEpoch: 2 ** 53 })],
  ["an empty range of epochs", "RangeError", withGuard({ minEpoch: 4, maxEpoch: 3 })],
  ["an epoch that does not grow", "RangeError", withGuard({ next: { owner: "b", epoch: 3 } })],
];

function withGuard(change: Partial<OwnerGuard>): (backend: Backend) => Promise<unknown> {
  const guard = { owner: "a", minEpoch: 1, maxEpoch: 3, ...change };
  return (backend) =>
    backend.commit([{ kind: "session.put", address: "1000@lid.0", record: RECORD }], { guard });
}

function withDevice(change: Partial<Device>): (backend: Backend) => Promise<void> {
  return (backend) => backend.save({ ...fullDevice(1), ...change });
}

const SHORT_PAIR = { privateKey: new Uint8Array(32), publicKey: new Uint8Array(33) };

const DEVICE_CALLS: readonly BadCall[] = [
  ["a public key of 33 bytes", "RangeError", withDevice({ identityKey: SHORT_PAIR })],
  ["a signature of 63 bytes", "RangeError", withDevice({ signedPreKeySignature: new Uint8Array(63) })],
  ["an empty secret key", "RangeError", withDevice({ advSecretKey: new Uint8Array(0) })],
  ["registration id 0", "RangeError", withDevice({ registrationId: 0 })],
  ["registration id 2^31", "RangeError", withDevice({ registrationId: 2 ** 31 })],
  ["signed pre-key id 2^24", "RangeError", withDevice({ signedPreKeyId: 2 ** 24 })],
  ["an app version of two parts", "RangeError", withDevice({ appVersion: [2, 3] as never })],
  ["a number as nct salt", "TypeError", withDevice({ nctSalt: 5 as never })],
  ["a text as account details", "TypeError", withDevice({ account: { details: "x" as never } })],
  ["a next pre-key id of −1", "RangeError", withDevice({ nextPreKeyId: -1 })],
  ["an expiry limit of 0", "RangeError", (backend) => backend.deleteExpiredBaseKeys(1, 0)],
  ["account id 0 to delete", "RangeError", (backend) => backend.deleteAccount(0)],
];

function badCallsCase(name: string, calls: readonly BadCall[]): ConformanceCase {
  return {
    name: `bad input: ${name}`,
    async run(harness) {
      const backend = await harness.open();
      await backend.save(fullDevice(2));
      const before = await readAll(backend);
      for (const [what, failure, call] of calls) await fails(() => call(backend), failure, what);
      equal(await readAll(backend), before, "contents");
    },
  };
}

/** Mistakes of callers: a `TypeError` or a `RangeError`, and nothing is written. */
export const validationCases: readonly ConformanceCase[] = [
  badCallsCase("of the Signal store", SIGNAL_CALLS),
  badCallsCase("of the app-sync store", APP_SYNC_CALLS),
  badCallsCase("of the protocol store", PROTOCOL_CALLS),
  badCallsCase("of the device store", DEVICE_CALLS),
  badCallsCase("in the guard of a commit", GUARD_CALLS),
  {
    name: "bad input: messages contain no bytes or texts of the arguments",
    async run(harness) {
      const backend = await harness.open();
      const secret = "topsecret";
      const errors = [
        await fails(() => backend.putSession(`${secret}\0`, RECORD), "TypeError", "a NUL"),
        await fails(() => backend.putSession(secret.repeat(200), RECORD), "TypeError", "a long text"),
        await fails(
          () => backend.putIdentity("1000@lid.0", new Uint8Array(31).fill(0xab)),
          "RangeError",
          "a short key",
        ),
      ];
      for (const { message } of errors) {
        check(!/topsecret|171,171|abab/.test(message), `the message holds what was given: ${message}`);
      }
    },
  },
];
