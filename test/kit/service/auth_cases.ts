import { RefusedError } from "../../../src/errors/mod.ts";
import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { pathOf, problemIn, ServiceClient, type TestAccount } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { ACCOUNT_ROUTES, GUARDED_ROUTES, ROUTES } from "./routes.ts";

const UNKNOWN = `hf_${"0".repeat(16)}_${"1".repeat(64)}`;

/** Headers that must be refused, made from a valid token and the admin token. */
function refusedHeaders(token: string, admin: string): (string | undefined)[] {
  const [, id = "", secret = ""] = token.split("_");
  return [
    ...[undefined, "", "Bearer", token, `Basic ${token}`, `Token ${token}`, `Bearer: ${token}`],
    ...[`Bearer ${UNKNOWN}`, `Bearer hf_${id}_${secret.replace(/.$/, secret.endsWith("0") ? "1" : "0")}`],
    ...[`Bearer hf_${id}_`, `Bearer hf_${id}`, `Bearer ${id}`, `Bearer ${secret}`, `Bearer hf__${secret}`],
    ...[`Bearer ${token}0`, `Bearer ${token.slice(0, -1)}`, `Bearer ${token.toUpperCase()}`],
    ...[`Bearer ${token}, Bearer ${token}`, `Bearer ${token},${token}`, `Bearer ${token} ${token}`],
    ...[`Bearer "${token}"`, `Bearer ${token}${"A".repeat(600)}`, `Bearer ${"A".repeat(4_096)}`],
    ...[`Bearer ${admin}x`, `Bearer ${admin.slice(0, -1)}`, `Bearer ${admin.toUpperCase()}`, "Bearer %00"],
  ];
}

/** Authentication, and secrets that no answer may reveal. */
export const authCases: readonly ServiceCase[] = [
  {
    name: "auth: answers every invalid token alike on every route",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("let in");
      const unlike = new Set<string>();
      for (const [index, authorization] of refusedHeaders(token, service.adminToken).entries()) {
        for (const route of index < 4 ? GUARDED_ROUTES : GUARDED_ROUTES.slice(4, 9)) {
          const sent = route.sent(name);
          const headers = { ...sent.headers, ...(authorization === undefined ? {} : { authorization }) };
          const response = await client.send(route.method, route.path(name), { ...sent, headers });
          equal(response.headers.get("www-authenticate"), 'Bearer realm="holdfast"', "challenge");
          const { requestId, ...problem } = await problemIn(response, 401, "unauthorized");
          unlike.add(JSON.stringify(problem));
        }
      }
      equal(unlike.size, 1, "different answers");
      equal(
        await client.json("GET", pathOf(name, "/stats"), 200, { token }),
        { open: false },
        "the valid token",
      );
    },
  },
  {
    name: "auth: accepts the scheme in any case",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("scheme");
      for (const scheme of ["Bearer", "bearer", "BEARER"]) {
        const headers = { authorization: `${scheme} ${token}` };
        equal((await client.send("GET", pathOf(name, "/stats"), { headers })).status, 200, scheme);
      }
    },
  },
  {
    name: "auth: refuses a revoked token from the next request on",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("revoked");
      const other = await client.issue(name, "account");
      await client.json("GET", pathOf(name, "/stats"), 200, { token });
      await client.revoke(token);
      await client.refused("GET", pathOf(name, "/stats"), { token }, 401, "unauthorized");
      await client.json("GET", pathOf(name, "/stats"), 200, { token: other });
      const again = { token: service.adminToken };
      await client.refused("DELETE", `/v1/tokens/${token.slice(3, 19)}`, again, 404, "not-found");
    },
  },
  {
    name: "auth: refuses a token on every route of another account",
    async run(service) {
      const client = new ServiceClient(service);
      const { token } = await client.account("mine", "unredacted");
      const theirs = await client.account("theirs");
      const before = await client.read(theirs);
      const unlike = new Set<string>();
      for (const name of [theirs.name, client.newName("nobody's")]) {
        for (const route of ACCOUNT_ROUTES) {
          const response = await client.send(route.method, route.path(name), { ...route.sent(name), token });
          const { requestId, ...problem } = await problemIn(response, 403, "forbidden");
          unlike.add(JSON.stringify(problem));
        }
        await client.refused("DELETE", pathOf(name, ""), { token }, 403, "forbidden");
      }
      equal(unlike.size, 1, "different answers");
      equal(await client.read(theirs), before, "the other account");
    },
  },
  {
    name: "auth: each permission allows its routes and no others",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("permissions");
      await client.makeDevice({ name, token });
      const unredacted = await client.issue(name, "unredacted");
      const forAll = await client.issue(undefined, "account");
      const erasing = await client.issue(name, "erase");
      const admin = await client.issue(undefined, "admin");
      const tokens: readonly [string, string, readonly string[]][] = [
        ["account", token, ["account"]],
        ["unredacted alone", unredacted, []],
        ["account, for all", forAll, ["account"]],
        ["erase alone", erasing, []],
        ["admin", admin, ["admin"]],
        ["the host's own", service.adminToken, ["admin"]],
      ];
      for (const [who, bearer, opens] of tokens) {
        for (const { method, pattern, path, sent, admits } of ROUTES) {
          if (pattern === "/v1/accounts/:account" || pattern === "/v1/tokens/:id") continue;
          const response = await client.send(method, path(name), { ...sent(name), token: bearer });
          const isOpen = admits === "anybody" || opens.some((permission) => admits.includes(permission));
          await response.body?.cancel();
          equal(response.status < 300, isOpen, `${who}: ${method} ${pattern} answers ${response.status}`);
          if (!isOpen) equal(response.status, 403, `${who}: ${method} ${pattern}`);
        }
      }
      for (const bearer of [token, unredacted, forAll]) {
        await client.refused("DELETE", pathOf(name, ""), { token: bearer }, 403, "forbidden");
        const tokenPath = `/v1/tokens/${admin.slice(3, 19)}`;
        await client.refused("DELETE", tokenPath, { token: bearer }, 403, "forbidden");
      }
      for (const bearer of [forAll, admin]) await client.revoke(bearer);
    },
  },
  {
    name: "auth: erases an account only with the permission `erase`",
    async run(service) {
      const client = new ServiceClient(service);
      const [kept, gone] = [await client.account("kept"), await client.account("gone", "erase")];
      for (const account of [kept, gone]) await client.makeDevice(account);
      const before = await client.read(kept);
      const erase = async (account: TestAccount): Promise<void> => {
        const backend = await client.backend(account);
        await backend.deleteAccount(await backend.create());
        equal(await backend.exists(), false, "the device of the erased account");
        await backend.close();
      };
      const refusal = await erase(kept).then(
        () => undefined,
        (error: unknown) => error,
      );
      check(refusal instanceof RefusedError, `erasing is ${refusal}`);
      await client.refused("DELETE", pathOf(kept.name, ""), { token: kept.token }, 403, "forbidden");
      equal(await client.read(kept), before, "the kept account");
      await erase(gone);
      await client.json("DELETE", pathOf(gone.name, ""), 204, { token: gone.token });
      await client.refused("GET", pathOf(gone.name, "/stats"), { token: gone.token }, 401, "unauthorized");
    },
  },
  {
    name: "auth: shows private keys only with the permission `unredacted`",
    async run(service) {
      const client = new ServiceClient(service);
      const account = await client.account("shown");
      await client.makeDevice(account);
      const seeing = await client.issue(account.name, "account", "unredacted");
      const seeingAll = await client.issue(undefined, "account", "unredacted");
      const admin = await client.issue(undefined, "admin");
      const path = pathOf(account.name, "/snapshot");
      for (const token of [seeing, seeingAll]) {
        const shown = (await client.json("GET", `${path}?redacted=false`, 200, { token })) as Secrets;
        const { privateKey } = shown.secrets?.noiseKey ?? {};
        check(privateKey?.length === 44, "the private key is not shown");
        for (const [who, bearer] of [["unasked", token] as const, ["account", account.token] as const]) {
          const response = await client.send("GET", path, { token: bearer });
          const text = await response.text();
          equal(
            [response.status, text.includes("secrets"), text.includes(privateKey)],
            [200, false, false],
            who,
          );
        }
      }
      for (const token of [account.token, admin, service.adminToken]) {
        await client.refused("GET", `${path}?redacted=false`, { token }, 403, "forbidden");
      }
      for (const token of [seeingAll, admin]) await client.revoke(token);
    },
  },
  {
    name: "auth: issues no admin token for one account, nor for an absent one",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("issue");
      const ask = (account: unknown, permissions: unknown, extra: object = {}) => ({
        token: service.adminToken,
        json: { account, permissions, ...extra },
      });
      const refusals: readonly [ReturnType<typeof ask>, number, string][] = [
        [ask(name, ["admin"]), 400, "invalid"],
        [ask(name, ["account", "admin"]), 400, "invalid"],
        [ask(client.newName("absent"), ["account"]), 404, "not-found"],
        [ask(name, []), 400, "invalid"],
        [ask(name, ["root"]), 400, "invalid"],
        [ask(name, "account"), 400, "invalid"],
        [ask(null, ["account"]), 400, "invalid"],
        [ask("", ["account"]), 400, "invalid"],
        [ask("..", ["account"]), 400, "invalid"],
        [ask(name, ["account"], { id: "0".repeat(16) }), 400, "invalid"],
        [ask(name, ["account"], { label: "x".repeat(101) }), 400, "invalid"],
        [ask(name, ["account"], { label: "nul \0" }), 400, "invalid"],
        [ask(name, ["account"], { label: "half \ud800" }), 400, "invalid"],
      ];
      for (const [sent, status, code] of refusals) {
        await client.refused("POST", "/v1/tokens", sent, status, code);
      }
      const listed = (await client.json("GET", `/v1/tokens?account=${encodeURIComponent(name)}`, 200)) as {
        tokens: readonly { id: string }[];
      };
      equal(
        listed.tokens.map(({ id }) => id),
        [token.slice(3, 19)],
        "tokens of the account",
      );
    },
  },
  {
    name: "auth: stores only hashes of tokens",
    requires: ["registryContents"],
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("at rest");
      const [, id = "", secret = ""] = token.split("_");
      const contents = (await service.registryContents?.()) ?? "";
      check(contents.includes(name) && contents.includes(id), "the registry does not know the account");
      const half = secret.slice(0, 32);
      const base64 = btoa(
        String.fromCharCode(...(secret.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))),
      );
      for (const part of [
        half,
        secret.slice(32),
        base64.slice(0, 40),
        btoa(token).slice(0, 40),
        service.adminToken,
      ]) {
        check(!contents.includes(part), "the registry holds what lets somebody in");
      }
    },
  },
  {
    name: "auth: logs and answers contain no token and no key",
    requires: ["logs"],
    async run(service) {
      const client = new ServiceClient(service);
      const account = await client.account("logs", "unredacted");
      const { name, token } = account;
      await client.makeDevice(account, "Secret-push-name");
      const path = `${pathOf(name, "/snapshot")}?redacted=false`;
      const { secrets } = (await client.json("GET", path, 200, { token })) as Secrets;
      const heard: string[] = [];
      const tell = async (method: string, where: string, sent: object) => {
        heard.push(await (await client.send(method, where, sent)).text());
      };
      const admin = service.adminToken;
      await tell("GET", `/v1/accounts/${token}/device`, { token });
      await tell("GET", `/v1/accounts/${token}/device`, { token: admin });
      await tell("GET", `/v1/tokens/${token}`, { token: admin });
      await tell("DELETE", `/v1/tokens/${token}`, { token: admin });
      await tell("GET", `/v1/accounts?after=${token}&limit=${token}`, { token: admin });
      await tell("GET", `${pathOf(name, "/snapshot")}?redacted=${token}`, { token });
      await tell("POST", "/v1/accounts", { token: admin, json: { [token]: token, name: token } });
      await tell("POST", "/v1/tokens", { token: admin, json: { [token]: token, permissions: [token] } });
      await tell("POST", pathOf(name, "/device/commands"), { token, json: { commands: [{ kind: token }] } });
      await tell("POST", pathOf(name, "/device/commands"), { token, body: token });
      await tell("POST", pathOf(name, "/device/commands"), { token, body: token, headers: JSON_TYPE });
      await tell("POST", pathOf(name, "/backend"), {
        token,
        body: token,
        headers: { "content-type": token },
      });
      heard.push(await (await client.post(account, token)).text());
      const privateKey = secrets?.noiseKey?.privateKey ?? "";
      equal(privateKey.length, 44, "length of the private key");
      for (const text of [service.logs?.() ?? "", ...heard]) {
        for (const secret of [token.slice(20), admin, privateKey, "Secret-push-name"]) {
          check(!text.includes(secret), `told: ${text.slice(0, 200)}`);
        }
      }
      check((service.logs?.() ?? "").includes("http: answered"), "nothing was logged at all");
    },
  },
];

const JSON_TYPE = { "content-type": "application/json" };

interface Secrets {
  readonly secrets?: { readonly noiseKey?: { readonly privateKey: string } };
}
