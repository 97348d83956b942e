import { dose } from "../../support/dose.ts";
import { pathOf } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { unchanged } from "./unchanged.ts";

/** Number of random bodies for each route. */
const ROUNDS = dose({ short: 20, long: 1_000 });

/** Invalid JSON is answered with a client error and changes nothing. */
export const jsonFuzzCases: readonly ServiceCase[] = [
  {
    name: "fuzz: rejects invalid or unexpected JSON without a change",
    run: unchanged(async ({ client, account, random, service }) => {
      const routes: readonly (readonly [string, string, string])[] = [
        [
          pathOf(account.name, "/device/commands"),
          account.token,
          '{"commands":[{"kind":"setPushName","pushName":"x"}]}',
        ],
        ["/v1/accounts", service.adminToken, '{"name":"not to be made"}'],
        ["/v1/tokens", service.adminToken, '{"account":"nobody\'s","permissions":["account"],"label":"x"}'],
      ];
      const headers = { "content-type": "application/json" };
      for (const [path, token, valid] of routes) {
        const bytes = new TextEncoder().encode(valid);
        for (const body of [...NO_JSON, ...JSON_TEXTS]) {
          await client.refused("POST", path, { token, headers, body }, 400, "invalid");
        }
        for (let length = 0; length < bytes.length; length += 1) {
          await client.refused(
            "POST",
            path,
            { token, headers, body: bytes.slice(0, length) },
            400,
            "invalid",
          );
        }
        for (let round = 0; round < ROUNDS; round += 1) {
          const body = random.bytes(random.below(100)) as Uint8Array<ArrayBuffer>;
          await client.refused("POST", path, { token, headers, body }, 400, "invalid");
        }
      }
    }),
  },
  {
    name: "fuzz: rejects malformed commands and applies no earlier ones",
    run: unchanged(async ({ client, account }) => {
      const { name, token } = account;
      for (const command of BAD_COMMANDS) {
        const json = { commands: [{ kind: "setPushName", pushName: "must not stay" }, command] };
        const path = pathOf(name, "/device/commands");
        await client.refused("POST", path, { token, json }, 400, "invalid").catch((cause: unknown) => {
          throw new Error(`command ${JSON.stringify(command).slice(0, 100)}`, { cause });
        });
      }
    }),
  },
];

const NO_JSON: readonly BodyInit[] = [
  ...[
    "",
    " ",
    "{",
    "}",
    "nothing",
    "{'name':'x'}",
    '{"name":}',
    "[1,]",
    "\ufeff{}",
    "NaN",
    "{}{}",
    '"\u0001"',
  ],
  ...["[".repeat(50_000), `${"[".repeat(50_000)}${"]".repeat(50_000)}`, '{"a":'.repeat(40_000)],
  new Uint8Array([0x22, 0xff, 0x22]),
  new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
  new Uint8Array([0x22, 0xc0, 0xaf, 0x22]),
];

const JSON_TEXTS: readonly string[] = [
  ...[
    "null",
    "true",
    "5",
    '"text"',
    "[]",
    "{}",
    '{"__proto__":{"name":"x","commands":[],"permissions":["admin"]}}',
  ],
  ...[
    '{"name":null}',
    '{"name":5}',
    '{"name":["x"]}',
    '{"name":{}}',
    '{"name":""}',
    '{"name":"."}',
    '{"name":".."}',
  ],
  ...[
    '{"name":"a\\u0000b"}',
    '{"name":"\\ud800"}',
    `{"name":"${"x".repeat(1_025)}"}`,
    '{"name":"x","more":1}',
  ],
  ...['{"constructor":{"name":"x"}}', '{"name":"x","name":5}', '{"permissions":["account"],"account":5}'],
  ...[
    '{"permissions":{"0":"account","length":1}}',
    '{"permissions":["account","account","account","account","account"]}',
  ],
  ...[
    '{"commands":{}}',
    '{"commands":[]}',
    '{"commands":[null]}',
    '{"commands":[[]]}',
    '{"commands":["setPushName"]}',
  ],
  ...[
    '{"commands":[{"kind":"toString"}]}',
    '{"commands":[{"kind":"constructor"}]}',
    '{"commands":[{}],"more":1}',
  ],
];

const KEY = btoa("k".repeat(32));

const BAD_COMMANDS: readonly unknown[] = [
  ...[
    null,
    5,
    "setPushName",
    [],
    {},
    { kind: null },
    { kind: "setpushname" },
    { kind: "__proto__" },
    { kind: ["setId"] },
  ],
  ...[undefined, null, 5, {}, [], "x".repeat(1_025), "a\0b", "\ud800"].map((pushName) => ({
    kind: "setPushName",
    pushName,
  })),
  ...[5, "", "a\0b", "\ud83d", {}].map((pn) => ({ kind: "setId", pn })),
  { kind: "setPushName", pushName: "x", more: 1 },
  { kind: "incrementLoginCounter", by: -1 },
  ...["", KEY.slice(4), `${KEY}AAAA`, "not base64!", 5, null].map((advSecretKey) => ({
    kind: "setAdvSecretKey",
    advSecretKey,
  })),
  ...[[1, 2], [1, 2, 3, 4], [1, 2, -1], [1, 2, 0.5], [1, 2, 2 ** 32], [1, 2, "3"], "1.2.3"].map(
    (appVersion) => ({
      kind: "setAppVersion",
      appVersion,
    }),
  ),
  ...[0, -1, 0.5, 2 ** 24, "1", null].map((id) => ({
    kind: "setPreKeyWatermarks",
    nextPreKeyId: id,
    firstUnuploadedPreKeyId: 1,
  })),
  ...[-1, 0.5, 2 ** 53, "0", null].map((rotatedAtMs) => ({
    kind: "setSignedPreKeyRotationBaseline",
    rotatedAtMs,
  })),
  ...["true", 1, null].map((lidMigrated) => ({ kind: "setLidMigrated", lidMigrated })),
  { kind: "setNctSalt", nctSalt: "A".repeat(100_000) },
  { kind: "setServerCertChain", serverCertChain: { leaf: { key: KEY, notBefore: 1, notAfter: 2 } } },
  {
    kind: "setSignedPreKey",
    signedPreKey: { privateKey: KEY, publicKey: KEY },
    signedPreKeyId: 1,
    rotatedAtMs: 1,
  },
];
