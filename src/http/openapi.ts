import { CALL_TYPE } from "../protocol/mod.ts";
import { MAX_TEXT_LENGTH } from "../rules/mod.ts";
import { OPERATION_NAMES, operationRow, type Permission } from "../service/mod.ts";
import { METHOD_OF } from "./method_of.ts";
import { type Content, parameter, SCHEMAS, type Schema, schemaRef } from "./openapi_schemas.ts";
import { ANSWER_WRITERS } from "./operation_answers.ts";
import { INPUT_READERS } from "./operation_inputs.ts";

interface Operation {
  readonly id: string;
  readonly summary: string;
  /** The permission that it needs. Left out if it needs no token. */
  readonly permission?: Permission;
  /** Whether an admin token allows it as well. */
  readonly admin?: true | undefined;
  readonly query?: readonly Schema[] | undefined;
  readonly body?: Content | undefined;
  /** The content of each status of success. */
  readonly answers: Readonly<Record<number, Content | "document" | undefined>>;
}

const SUCCESS: Readonly<Record<string, string>> = { 200: "Done", 201: "Created", 204: "Gone" };

const PAGE: readonly Schema[] = [
  parameter("query", "after", { type: "string", maxLength: MAX_TEXT_LENGTH }),
  parameter("query", "limit", { type: "integer", minimum: 1, maximum: 1_000, default: 100 }),
];

const ACCOUNT: Schema = parameter("path", "account", {
  type: "string",
  minLength: 1,
  maxLength: MAX_TEXT_LENGTH,
});

/** Describes the service in OpenAPI 3.1. */
export function openApiDocument(): Readonly<Record<string, unknown>> {
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version: "1",
      description: "Accounts, and the commit protocol by which a client keeps its state here.",
    },
    paths: { ...PATHS, ...accountPaths() },
    components: {
      schemas: SCHEMAS,
      responses: {
        Problem: {
          description: "The problem",
          content: { "application/problem+json": { schema: schemaRef("Problem") } },
        },
      },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

/** The operations on an account. */
function accountPaths(): Record<string, Schema> {
  const paths: Record<string, Schema> = {};
  for (const id of OPERATION_NAMES) {
    const { summary, path, effect, permission, admin, takes, answers } = operationRow(id);
    const { query, body } = INPUT_READERS[takes];
    const { status, content } = ANSWER_WRITERS[answers];
    const described = operation({
      ...{ id, summary, permission, admin, query, body },
      answers: { [status]: content },
    });
    const key = `/v1/accounts/{account}${path}`;
    paths[key] = { parameters: [ACCOUNT], ...paths[key], [METHOD_OF[effect]]: described };
  }
  return paths;
}

/** JSON leaves out what is `undefined`. */
function operation({ id, summary, permission, admin, query, body, answers }: Operation): Schema {
  return {
    operationId: id,
    summary,
    security: permission && [{ bearer: [permission] }, ...(admin ? [{ bearer: ["admin"] }] : [])],
    parameters: query,
    requestBody: body && { required: true, content: contentOf(body) },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, content]) => [
          status,
          { description: SUCCESS[status], content: content && contentOf(content) },
        ]),
      ),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function contentOf(content: Content | "document"): Schema {
  if (content === CALL_TYPE) return { [CALL_TYPE]: { schema: { type: "string", format: "binary" } } };
  const schema = content === "document" ? { type: "object" } : schemaRef(content);
  return { "application/json": { schema } };
}

/** All paths except those of one account. */
const PATHS: Readonly<Record<string, Schema>> = {
  "/v1/health": {
    get: operation({ id: "health", summary: "Whether the service answers", answers: { 200: "Health" } }),
  },
  "/v1/ready": {
    get: operation({ id: "ready", summary: "Whether its database answers", answers: { 200: "Health" } }),
  },
  "/v1/openapi.json": {
    get: operation({ id: "document", summary: "This document", answers: { 200: "document" } }),
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
      summary: "Create an account if it does not exist",
      permission: "admin",
      body: "CreateAccount",
      answers: { 200: "AccountCreated", 201: "AccountCreated" },
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
};
