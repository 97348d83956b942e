/** Runs code that must not change an account. */
import { check, differs, equal } from "../../../src/testing/conformance/assert.ts";
import type { Contents } from "../../../src/testing/conformance/universe.ts";
import { SeededRandom } from "../../../src/testing/mod.ts";
import { fillingCall } from "./bodies.ts";
import { ServiceClient, type TestAccount } from "./client.ts";
import type { ServiceCase, TestedService } from "./harness.ts";

/** The time that stamps rows, in Unix seconds. */
export const NOW_S = 1_767_225_600;

/** A filled account, and the parts that a case uses on it. */
export interface Fuzzed {
  readonly service: TestedService;
  readonly client: ServiceClient;
  readonly account: TestAccount;
  readonly random: SeededRandom;
}

/** Runs code on a filled account, and compares all readable state before and after. */
export function unchanged(run: (fuzzed: Fuzzed) => Promise<void>): ServiceCase["run"] {
  return async (service) => {
    const client = new ServiceClient(service);
    const account = await client.account("fuzzed");
    const random = new SeededRandom(service.seed);
    await client.makeDevice(account, "before");
    await client.call(account, fillingCall(random, NOW_S));
    const read = async (): Promise<Contents> => ({
      ...(await client.read(account)),
      tokens: await tokensOf(client, account),
      accounts: await client.json("GET", "/v1/accounts?limit=1000", 200),
    });
    const before = await read();
    check(differs(before, { ...before, getSessions: [] }), "nothing is compared");
    try {
      await run({ service, client, account, random });
      equal(await read(), before, "what can be read");
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`with seed ${service.seed}: ${said}`, { cause });
    }
  };
}

/** The tokens of an account, without their last uses, which are written some seconds later. */
async function tokensOf(client: ServiceClient, { name }: TestAccount): Promise<unknown> {
  const { tokens } = (await client.json("GET", `/v1/tokens?account=${encodeURIComponent(name)}`, 200)) as {
    readonly tokens: readonly { readonly lastUsedAtMs?: number }[];
  };
  return tokens.map(({ lastUsedAtMs: _, ...token }) => token);
}
