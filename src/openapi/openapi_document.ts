import type { METHOD_OF } from "../http/mod.ts";
import { OPERATION_NAMES, operationRow } from "../service/mod.ts";
import { ANSWERED, describeOperation, SENT, WORDS } from "./operations.ts";
import { PROBLEM_ANSWERS } from "./problems.ts";
import { ACCOUNT, type Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.ts";
import { SERVICE_PATHS } from "./service_paths.ts";

/** Repeated here, so that the document is read without the packages of the application. */
const METHODS: typeof METHOD_OF = { read: "get", change: "post", delete: "delete" };

/**
 * Describes the service in OpenAPI 3.1, for `createApp({ openApi: openApiDocument() })`, for generators of
 * clients, and for pages. It is plain JSON, a new object at each call.
 *
 * @example
 * ```ts
 * import { openApiDocument } from "@holdfast/store/openapi";
 *
 * const json = JSON.stringify(openApiDocument());
 * ```
 */
export function openApiDocument(): Readonly<Record<string, unknown>> {
  return structuredCloneOf({
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version: "1",
      summary: "Accounts of WhatsApp-Web-style clients, kept in one place.",
      description:
        "The service keeps the state of accounts: their devices, sessions and protocol tables. " +
        "Administrators create accounts and issue tokens for them; clients keep their state here through " +
        "`remoteBackend`. Errors are `application/problem+json` (RFC 9457) with a stable `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      { url: "/", description: "The service that answers this document." },
      { url: "http://127.0.0.1:8787", description: "`holdfast serve` and `holdfast dev` on this machine." },
    ],
    tags: [
      { name: "Service", description: "What needs no token." },
      { name: "Accounts", description: "The accounts of the service, for administrators." },
      { name: "Tokens", description: "Tokens for clients, for administrators." },
      { name: "Audit", description: "What administrators did, for administrators." },
      { name: "Account", description: "One account, for its clients." },
    ],
    paths: { ...SERVICE_PATHS, ...accountPaths() },
    components: {
      schemas: SCHEMAS,
      responses: PROBLEM_ANSWERS,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "The host's own admin token, or a token of `POST /v1/tokens`.",
        },
      },
    },
  });
}

/** The operations on an account. */
function accountPaths(): Record<string, Schema> {
  const paths: Record<string, Schema> = {};
  for (const id of OPERATION_NAMES) {
    const { path, effect, permission, admin, takes, answers } = operationRow(id);
    const { problems = [], ...words } = WORDS[id];
    const key = `/v1/accounts/{account}${path}`;
    paths[key] = {
      parameters: [ACCOUNT],
      ...paths[key],
      [METHODS[effect]]: describeOperation({
        ...{ id, tag: "Account", ...words, ...SENT[takes], ...ANSWERED[answers] },
        permissions: [permission, ...(admin ? ["admin"] : [])],
        problems: [...problems, "NotFound", ...(admin ? [] : (["Limit"] as const))],
      }),
    };
  }
  return paths;
}

/** A copy that its caller may change. */
function structuredCloneOf(document: object): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(document));
}
