import { SCHEMAS, type Schema, type SchemaName, schemaRef } from "./openapi_schemas.ts";

interface Operation {
  readonly id: string;
  readonly summary: string;
  /** Who may: a permission, or anybody. */
  readonly permission: "account" | "admin" | undefined;
  readonly query?: readonly Schema[];
  readonly body?: SchemaName | "protobuf";
  /** Statuses of success and what is answered. */
  readonly answers: Readonly<Record<number, SchemaName | "protobuf" | "document" | undefined>>;
}

const SUCCESS: Readonly<Record<string, string>> = { 200: "Done", 201: "Created", 204: "Gone" };

/** One operation as OpenAPI writes it. */
function operation({ id, summary, permission, query = [], body, answers }: Operation): Schema {
  return {
    operationId: id,
    summary,
    ...(permission === undefined ? {} : { security: [{ bearer: [permission] }] }),
    ...(query.length === 0 ? {} : { parameters: query }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, content]) => [
          status,
          {
            description: SUCCESS[status],
            ...(content === undefined ? {} : { content: contentOf(content) }),
          },
        ]),
      ),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function contentOf(content: SchemaName | "protobuf" | "document"): Schema {
  if (content === "protobuf")
    return { "application/protobuf": { schema: { type: "string", format: "binary" } } };
  if (content === "document") return { "application/json": { schema: { type: "object" } } };
  return { "application/json": { schema: schemaRef(content) } };
}

function parameter(place: "query" | "path", name: string, schema: Schema): Schema {
  return { in: place, name, required: place === "path", schema };
}

const PAGE: readonly Schema[] = [
  parameter("query", "after", { type: "string", maxLength: 1_024 }),
  parameter("query", "limit", { type: "integer", minimum: 1, maximum: 1_000, default: 100 }),
];

const ACCOUNT: Schema = {
  parameters: [parameter("path", "account", { type: "string", minLength: 1, maxLength: 1_024 })],
};

/** A description of the service in OpenAPI 3.1. */
export const OPENAPI: Readonly<Record<string, unknown>> = {
  openapi: "3.1.0",
  info: {
    title: "Holdfast",
    version: "1",
    description:
      "Accounts, their devices and numbers, and the commit protocol by which a client keeps its state here.",
  },
  paths: {
    "/v1/health": {
      get: operation({
        id: "health",
        summary: "Whether the service answers",
        permission: undefined,
        answers: { 200: "Health" },
      }),
    },
    "/v1/openapi.json": {
      get: operation({
        id: "document",
        summary: "This document",
        permission: undefined,
        answers: { 200: "document" },
      }),
    },
    "/v1/accounts": {
      get: operation({
        id: "listAccounts",
        summary: "Accounts in the order of their names",
        permission: "admin",
        query: PAGE,
        answers: { 200: "AccountList" },
      }),
      post: operation({
        id: "createAccount",
        summary: "Make an account, unless it is there",
        permission: "admin",
        body: "CreateAccount",
        answers: { 200: "AccountCreated", 201: "AccountCreated" },
      }),
    },
    "/v1/accounts/{account}": {
      ...ACCOUNT,
      delete: operation({
        id: "deleteAccount",
        summary: "Delete everything of an account, and revoke its tokens",
        permission: "admin",
        answers: { 204: undefined },
      }),
    },
    "/v1/accounts/{account}/device": {
      ...ACCOUNT,
      get: operation({
        id: "device",
        summary: "The device, without secrets",
        permission: "account",
        answers: { 200: "Device" },
      }),
    },
    "/v1/accounts/{account}/device/commands": {
      ...ACCOUNT,
      post: operation({
        id: "commandDevice",
        summary: "Change the device; takes the ownership of the account",
        permission: "account",
        body: "CommandRequest",
        answers: { 200: "FlushSummary" },
      }),
    },
    "/v1/accounts/{account}/flush": {
      ...ACCOUNT,
      post: operation({
        id: "flush",
        summary: "Save what is dirty",
        permission: "account",
        answers: { 200: "FlushSummary" },
      }),
    },
    "/v1/accounts/{account}/stats": {
      ...ACCOUNT,
      get: operation({
        id: "stats",
        summary: "Numbers of an account",
        permission: "account",
        answers: { 200: "Stats" },
      }),
    },
    "/v1/accounts/{account}/snapshot": {
      ...ACCOUNT,
      get: operation({
        id: "snapshot",
        summary: "A picture for debugging; with private keys only to a token with `unredacted`",
        permission: "account",
        query: [parameter("query", "redacted", { enum: ["true", "false"], default: "true" })],
        answers: { 200: "Snapshot" },
      }),
    },
    "/v1/accounts/{account}/backend": {
      ...ACCOUNT,
      post: operation({
        id: "call",
        summary: "A call of the commit protocol, as `remoteBackend` sends it",
        permission: "account",
        body: "protobuf",
        answers: { 200: "protobuf" },
      }),
    },
    "/v1/tokens": {
      get: operation({
        id: "listTokens",
        summary: "Tokens in the order of their ids",
        permission: "admin",
        query: [...PAGE, parameter("query", "account", { type: "string" })],
        answers: { 200: "TokenList" },
      }),
      post: operation({
        id: "issueToken",
        summary: "Issue a token",
        permission: "admin",
        body: "TokenRequest",
        answers: { 201: "TokenIssued" },
      }),
    },
    "/v1/tokens/{id}": {
      parameters: [parameter("path", "id", { type: "string", pattern: "^[0-9a-f]{16}$" })],
      delete: operation({
        id: "revokeToken",
        summary: "Revoke a token",
        permission: "admin",
        answers: { 204: undefined },
      }),
    },
  },
  components: {
    schemas: SCHEMAS,
    responses: {
      Problem: {
        description: "What is wrong",
        content: { "application/problem+json": { schema: schemaRef("Problem") } },
      },
    },
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
  },
};
