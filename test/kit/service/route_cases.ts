import { DEFAULT_LIMITS } from "../../../src/http/app_context.ts";
import { openApiDocument } from "../../../src/openapi/mod.ts";
import { CALL_TYPE } from "../../../src/protocol/mod.ts";
import { PERMISSIONS } from "../../../src/service/mod.ts";
import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { pathOf, problemIn, type Sent, ServiceClient } from "./client.ts";
import type { ServiceCase } from "./harness.ts";
import { ROUTES } from "./routes.ts";
import { fitsSchema } from "./schema.ts";

interface Answers {
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly "application/json"?: Content } }>
  >;
}

interface Content {
  readonly schema: Readonly<Record<string, unknown>>;
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Answers | undefined>>>>;
}

/** The answers and refusals of every route. */
export const routeCases: readonly ServiceCase[] = [
  {
    name: "routes: answers match the OpenAPI document",
    async run(service) {
      const client = new ServiceClient(service);
      const account = await client.account("described", "unredacted");
      await client.makeDevice(account);
      const document = openApiDocument() as unknown as Described;
      for (const { method, pattern, path, sent, admits } of ROUTES) {
        const token = admits === "account" ? account.token : service.adminToken;
        const response = await client.send(method, path(account.name), { ...sent(account.name), token });
        const what = `${method} ${pattern}`;
        if (pattern === "/v1/tokens/:id") {
          await problemIn(response, 404, "not-found");
          continue;
        }
        const described = document.paths[pattern.replace(/:(\w+)/, "{$1}")]?.[method.toLowerCase()];
        const answer = described?.responses[response.status];
        check(answer !== undefined, `${what}: status ${response.status} is not described`);
        const content = answer.content?.["application/json"];
        if (content === undefined) await response.body?.cancel();
        else fitsSchema(document, content.schema, await response.json(), what);
      }
    },
  },
  {
    name: "routes: creates an account once and shows its device and statistics",
    async run(service) {
      const client = new ServiceClient(service);
      const name = client.newName("happy / path");
      equal(
        await client.json("POST", "/v1/accounts", 201, { json: { name } }),
        { name, created: true },
        "made",
      );
      equal(
        await client.json("POST", "/v1/accounts", 200, { json: { name } }),
        { name, created: false },
        "again",
      );
      const token = await client.issue(name, "account", "unredacted");
      const at = (rest: string): string => pathOf(name, rest);
      await client.refused("GET", at("/device"), { token }, 404, "not-found");
      // An object has scheduled its housekeeping.
      const { nextAlarmAtMs: _, ...numbers } = (await client.json("GET", at("/stats"), 200, { token })) as {
        readonly nextAlarmAtMs?: number;
      };
      equal(numbers, { open: false }, "numbers before it is open");
      const idle = { open: false, committed: 0, isolated: 0, rows: 0, durationMs: 0 };
      equal(await client.json("POST", at("/flush"), 200, { token }), idle, "flush before it is open");
      const commands = [
        { kind: "setPushName", pushName: "Zoë 🙂" },
        { kind: "setId", pn: "5511@s.whatsapp.net" },
        { kind: "setNctSalt", nctSalt: btoa("salt") },
        { kind: "setAppVersion", appVersion: [2, 3000, 7] },
        { kind: "setId", pn: null },
        { kind: "setLidMigrated", lidMigrated: true },
      ];
      const saved = await client.json("POST", at("/device/commands"), 200, { token, json: { commands } });
      equal(
        [(saved as { open: boolean }).open, (saved as { isolated: number }).isolated],
        [true, 0],
        "saved",
      );
      const device = (await client.json("GET", at("/device"), 200, { token })) as Record<string, unknown>;
      const shown = [
        device.pn,
        device.hasPushName,
        device.nctSaltBytes,
        device.appVersion,
        device.lidMigrated,
      ];
      equal(shown, [undefined, true, 4, "2.3000.7", true], "device");
      const stats = (await client.json("GET", at("/stats"), 200, { token })) as { open: boolean };
      equal(stats.open, true, "open");
      const response = await client.send("GET", at("/snapshot?redacted=true"), { token });
      const disposition = 'attachment; filename="holdfast-snapshot.json"';
      equal(response.headers.get("content-disposition"), disposition, "disposition");
      const snapshot = (await response.json()) as {
        device: unknown;
        database: { account: string };
        secrets?: unknown;
      };
      equal(snapshot.device, device, "device in the snapshot");
      equal([snapshot.database.account, snapshot.secrets], [name, undefined], "snapshot");
      for (const redacted of ["", "yes", "False", "0"]) {
        await client.refused("GET", at(`/snapshot?redacted=${redacted}`), { token }, 400, "invalid");
      }
      await client.json("DELETE", at(""), 204);
      await client.refused("GET", at("/device"), { token }, 401, "unauthorized");
      await client.refused("DELETE", at(""), { token: service.adminToken }, 404, "not-found");
    },
  },
  {
    name: "routes: keeps a valid request id and replaces any other",
    async run(service) {
      const client = new ServiceClient(service);
      for (const sent of ["a", "Abc-123_x", "f".repeat(64)]) {
        const response = await client.send("GET", "/v1/health", { headers: { "x-request-id": sent } });
        equal(response.headers.get("x-request-id"), sent, "request id");
      }
      const made = new Set<string | null>();
      for (const sent of ["f".repeat(65), "a b", "a,b", "<script>", "é", "a\tb", "../x", '"', ""]) {
        const response = await client.send("GET", "/v1/nowhere", { headers: { "x-request-id": sent } });
        const { requestId } = await problemIn(response, 404, "not-found");
        check(requestId !== sent, `a request id is taken as it came: ${sent}`);
        made.add(requestId);
      }
      equal(made.size, 9, "request ids that were made");
    },
  },
  {
    name: "routes: answers unknown paths with 404, other methods with 405",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("absent");
      // The router decides whether a slash may follow. If so, the answer is the same.
      const paths = ["/", "/v2/health", "/v1/Health", "/v1/health/1", "/favicon.ico", "/v1/openapi.yaml"];
      for (const path of [...paths, pathOf(name, "/nothing"), pathOf(name, "/device/commands/1")]) {
        await client.refused("GET", path, { token }, 404, "not-found");
      }
      for (const { pattern, path } of ROUTES) {
        const methods: string[] = ROUTES.filter((route) => route.pattern === pattern).map(
          ({ method }) => method,
        );
        const allowed = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].sort();
        // Neither needs a token: paths are no secret.
        const options = await client.send("OPTIONS", path(name));
        equal([options.status, await options.text()], [204, ""], `OPTIONS ${pattern}`);
        equal(options.headers.get("allow")?.split(", ").sort(), allowed, `OPTIONS ${pattern}: allow`);
        for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
          if (allowed.includes(other)) continue;
          const response = await client.send(other, path(name));
          equal(response.headers.get("allow")?.split(", ").sort(), allowed, `${other} ${pattern}: allow`);
          await problemIn(response, 405, "method-not-allowed");
        }
      }
      const head = await client.send("HEAD", "/v1/health");
      equal([head.status, await head.text()], [200, ""], "HEAD");
    },
  },
  {
    name: "routes: lists every path and its methods at /v1",
    async run(service) {
      const client = new ServiceClient(service);
      const { links } = (await client.json("GET", "/v1", 200, { token: undefined })) as {
        readonly links: readonly { readonly href: string; readonly methods: readonly string[] }[];
      };
      const listed = links.flatMap(({ href, methods }) => methods.map((method) => `${method} ${href}`));
      const known = ROUTES.map(({ method, pattern }) => `${method} ${pattern.replace(/:(\w+)/, "{$1}")}`);
      const document = "GET /v1/openapi.json";
      equal(listed.filter((route) => route !== document).sort(), known.sort(), "links");
    },
  },
  {
    name: "routes: names each part of a request that breaks a rule",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("violations");
      const admin = { token: service.adminToken };
      const errorsOf = async (method: string, path: string, sent: Sent): Promise<unknown> =>
        (await client.refused(method, path, sent, 400, "invalid")).errors;
      equal(
        await errorsOf("POST", "/v1/tokens", {
          ...admin,
          json: { account: 5, permissions: ["root", "account", "king"], label: "x".repeat(101) },
        }),
        [
          { in: "body", pointer: "#/account", rule: "type", allowed: "string" },
          { in: "body", pointer: "#/permissions/0", rule: "enum", allowed: PERMISSIONS },
          { in: "body", pointer: "#/permissions/2", rule: "enum", allowed: PERMISSIONS },
          { in: "body", pointer: "#/label", rule: "maxLength", allowed: 100 },
        ],
        "a token",
      );
      equal(
        await errorsOf("POST", "/v1/accounts", { ...admin, json: { nam: "x" } }),
        [{ in: "body", pointer: "#", rule: "additionalProperties", allowed: ["name"] }],
        "another member",
      );
      equal(
        await errorsOf("GET", "/v1/accounts?limit=1001", admin),
        [{ in: "query", pointer: "#/limit", rule: "maximum", allowed: 1_000 }],
        "a query",
      );
      const commands = [
        { kind: "setPushName", pushName: "x" },
        { kind: "setAppVersion", appVersion: [1, 2] },
      ];
      equal(
        await errorsOf("POST", pathOf(name, "/device/commands"), { token, json: { commands } }),
        [{ in: "body", pointer: "#/commands/1/appVersion", rule: "maxItems", allowed: 3 }],
        "a command",
      );
      const response = await client.send("POST", "/v1/tokens", { ...admin, body: "{}" });
      equal(
        (await problemIn(response, 415, "unsupported")).errors,
        [{ in: "header", pointer: "#/content-type", rule: "enum", allowed: ["application/json"] }],
        "a header",
      );
    },
  },
  {
    name: "routes: refuses bodies of another type, encoded or too large",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("bodies");
      const commands = pathOf(name, "/device/commands");
      const backend = pathOf(name, "/backend");
      const body = '{"commands":[{"kind":"incrementLoginCounter"}]}';
      const json = "application/json";
      for (const type of [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "text/json",
        CALL_TYPE,
      ]) {
        await client.refused(
          "POST",
          commands,
          { token, body, headers: { "content-type": type } },
          415,
          "unsupported",
        );
      }
      for (const type of ["", json, "application/x-protobuf", "application/octet-stream"]) {
        await client.refused(
          "POST",
          backend,
          { token, body, headers: { "content-type": type } },
          415,
          "unsupported",
        );
      }
      for (const type of [json, "Application/JSON", `${json}; charset=utf-8`, `${json} ;x=y`]) {
        const response = await client.send("POST", commands, {
          token,
          body,
          headers: { "content-type": type },
        });
        equal(response.status, 200, `content type ${type}`);
      }
      for (const encoding of ["gzip", "br", "deflate", "identity, gzip", "x"]) {
        const headers = { "content-type": json, "content-encoding": encoding };
        await client.refused("POST", commands, { token, body, headers }, 415, "unsupported");
      }
      const large = `${" ".repeat(DEFAULT_LIMITS.jsonBytes)}${body}`;
      const declared = { "content-type": json, "content-length": String(large.length) };
      await client.refusedAsTooLarge("POST", commands, () => ({ token, body: large, headers: declared }));
      const streamed = { "content-type": json };
      await client.refusedAsTooLarge("POST", commands, () => ({
        token,
        body: streamOf(large),
        headers: streamed,
      }));
      await client.refusedAsTooLarge("POST", backend, () => ({
        token,
        body: streamOf("x".repeat(service.callBytes + 1)),
        headers: { "content-type": CALL_TYPE },
      }));
      const fitting = `${" ".repeat(DEFAULT_LIMITS.jsonBytes - body.length)}${body}`;
      await client.json("POST", commands, 200, { token, body: fitting, headers: { "content-type": json } });
    },
  },
  {
    name: "routes: applies a batch of 1 to 100 commands, all or none",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("batch");
      const path = pathOf(name, "/device/commands");
      const batch = (length: number) => Array.from({ length }, () => ({ kind: "incrementLoginCounter" }));
      const counter = async (): Promise<unknown> =>
        ((await client.json("GET", pathOf(name, "/device"), 200, { token })) as { loginCounter: number })
          .loginCounter;
      await client.json("POST", path, 200, { token, json: { commands: batch(100) } });
      equal(await counter(), 100, "counter after a hundred");
      for (const commands of [[], batch(101), [...batch(3), { kind: "setPushName", pushName: "a\0b" }]]) {
        await client.refused("POST", path, { token, json: { commands } }, 400, "invalid");
      }
      equal(await counter(), 100, "counter after what was refused");
    },
  },
];

/** The text in pieces, without a declared length. */
function streamOf(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + 65_536));
      offset += 65_536;
    },
  });
}
