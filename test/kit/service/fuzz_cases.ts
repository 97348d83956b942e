import { CALL_TYPE, PROTOCOL } from "../../../src/protocol/mod.ts";
import { check } from "../../../src/testing/conformance/assert.ts";
import type { SeededRandom } from "../../../src/testing/mod.ts";
import { dose, everyNth } from "../../support/dose.ts";
import { damaged, fencedCall, manyItems, NO_CALLS } from "./bodies.ts";
import { bodyOf, type Call } from "./calls.ts";
import { pathOf, problemIn, type ServiceClient, type TestAccount } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { type HostileCall, hostileReads, hostileWrites } from "./hostile_calls.ts";
import { NOW_S, unchanged } from "./unchanged.ts";

/** Number of random bodies of one kind. */
const ROUNDS = dose({ short: 60, long: 2_000 });

/** Number of concurrent calls. */
const AT_ONCE = 16;

/**
 * Sends every STEP-th of the systematic calls. STEP does not divide the number of replacements, so each part
 * gets several of them.
 */
const STEP = dose({ short: 7, long: 1 });

/** Malformed calls are answered with a client error and change nothing. */
export const fuzzCases: readonly ServiceCase[] = [
  {
    name: "fuzz: rejects random, damaged and cut off calls without a change",
    run: unchanged(async ({ client, account, random }) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const call = random.oneIn(4) ? readCall(random) : fencedCall(random, NOW_S);
        const body = random.oneIn(4) ? random.bytes(random.below(200)) : damaged(bodyOf(call), random);
        const response = await client.post(account, body as Uint8Array<ArrayBuffer>);
        const what = `round ${round}: ${response.status} to ${[...body.slice(0, 40)].join(" ")}`;
        // A damaged read may be another valid read.
        if (response.status === 200) check(await isRead(body), what);
        else check([400, 409, 422].includes(response.status), what);
        await response.body?.cancel();
      }
    }),
  },
  {
    name: "fuzz: rejects malformed bodies and wrong lengths without a change",
    run: unchanged(async ({ client, account, service }) => {
      for (const [index, [body, code]] of NO_CALLS.entries()) {
        await problemIn(await client.post(account, body), 400, code).catch((cause: unknown) => {
          throw new Error(`no call ${index}`, { cause });
        });
      }
      await problemIn(await client.post(account, manyItems(service.callBytes)), 413, "too-large");
      const keys = Array.from({ length: 2_001 }, () => "a");
      const call = { kind: "read", method: "getSessions", args: [keys] } as const;
      await problemIn(await client.post(account, bodyOf(call)), 413, "too-large");
      const writes = Array.from({ length: 20_001 }, () => ({ kind: "senderKeyDevices.clearAll" }) as const);
      const commit = { kind: "commit", writes } as const;
      await problemIn(await client.post(account, bodyOf(commit)), 413, "too-large");
      await client.refusedAsTooLarge("POST", pathOf(account.name, "/backend"), () => ({
        token: account.token,
        headers: { "content-type": CALL_TYPE },
        body: new Uint8Array(service.callBytes + 1),
      }));
    }),
  },
  {
    name: "fuzz: rejects writes with a malformed part without a change",
    run: unchanged(async ({ client, account, random }) => {
      await sendAll(client, account, everyNth(hostileWrites(random, NOW_S), STEP), [409]);
    }),
  },
  {
    name: "fuzz: rejects reads with a malformed argument without a change",
    run: unchanged(async ({ client, account, random }) => {
      await sendAll(client, account, everyNth(hostileReads(random, NOW_S), STEP), [200]);
    }),
  },
];

async function sendAll(
  client: ServiceClient,
  account: TestAccount,
  calls: readonly HostileCall[],
  also: readonly number[],
): Promise<void> {
  check(calls.length > 100, "hardly anything is sent");
  check(
    calls.some(({ isInvalid }) => !isInvalid),
    "every call is said to be invalid",
  );
  const send = async ({ what, body, isInvalid }: HostileCall): Promise<void> => {
    const response = await client.post(account, body);
    const allowed = isInvalid ? [400, 422] : [400, 422, ...also];
    const text = response.status === 200 ? "" : await response.text();
    check(allowed.includes(response.status), `${what}: answers ${response.status} ${text.slice(0, 200)}`);
  };
  for (let index = 0; index < calls.length; index += AT_ONCE) {
    await Promise.all(calls.slice(index, index + AT_ONCE).map(send));
  }
}

function readCall(random: SeededRandom): Call {
  const addresses = ["5511999990000@c.us.0", "1000200030004@lid.0"];
  return random.pick<Call>([
    { kind: "read", method: "getSessions", args: [addresses] },
    { kind: "read", method: "getMsgSecret", args: ["chat", "sender", "id"] },
    { kind: "read", method: "loadPreKeys", args: [[1, 2, 3]] },
    { kind: "read", method: "getAllLidMappings", args: [] },
    { kind: "read", method: "capabilities", args: [] },
  ]);
}

async function isRead(body: Uint8Array): Promise<boolean> {
  return (await PROTOCOL.decodeCall(body)).kind === "read";
}
