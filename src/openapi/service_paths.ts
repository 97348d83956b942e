import { describeOperation as operation } from "./operations.ts";
import { ACCOUNT, accountName, parameter, type Schema, tokenId } from "./schema.ts";

const PAGE: readonly Schema[] = [
  parameter("query", "after", "`next` of the page before. Defaults to the first page.", {
    type: "string",
    maxLength: 1_024,
  }),
  parameter("query", "limit", "Maximum number of entries.", {
    type: "integer",
    minimum: 1,
    maximum: 1_000,
    default: 100,
  }),
];

const ADMIN = { permissions: ["admin"] } as const;

/** All paths except those of one account. */
export const SERVICE_PATHS: Readonly<Record<string, Schema>> = {
  "/v1": {
    get: operation({
      id: "index",
      tag: "Service",
      summary: "List the paths of the service",
      description: "The paths of the service and their methods. Needs no token.",
      answers: { 200: "ServiceIndex" },
    }),
  },
  "/v1/health": {
    get: operation({
      id: "health",
      tag: "Service",
      summary: "Ask whether the service answers",
      description: "For a liveness probe: restart the service when it does not answer. Needs no token.",
      answers: { 200: "Health" },
    }),
  },
  "/v1/ready": {
    get: operation({
      id: "ready",
      tag: "Service",
      summary: "Ask whether the database answers",
      description: "For a readiness probe: send no requests while it answers 503. Needs no token.",
      answers: { 200: "Health" },
    }),
  },
  "/v1/openapi.json": {
    get: operation({
      id: "document",
      tag: "Service",
      summary: "Get this document",
      description: "This document, where the host was given it. Needs no token.",
      answers: { 200: "document" },
    }),
  },
  "/v1/accounts": {
    get: operation({
      id: "listAccounts",
      tag: "Accounts",
      summary: "List accounts",
      description: "A page of accounts in the order of their names.",
      ...ADMIN,
      query: PAGE,
      answers: { 200: "AccountList" },
      problems: ["Invalid"],
    }),
    post: operation({
      id: "createAccount",
      tag: "Accounts",
      summary: "Create an account",
      description: "Creates an account if it does not exist (201), and does nothing if it does (200).",
      ...ADMIN,
      body: "CreateAccount",
      answers: { 200: "AccountCreated", 201: "AccountCreated" },
      problems: ["Conflict"],
    }),
  },
  "/v1/accounts/{account}/limits": {
    parameters: [ACCOUNT],
    get: operation({
      id: "accountLimits",
      tag: "Accounts",
      summary: "Show the limits of an account",
      description: "The limits that hold for the account: its own, and those of the service for the rest.",
      ...ADMIN,
      answers: { 200: "AccountLimits" },
      problems: ["NotFound", "Conflict"],
    }),
    put: operation({
      id: "limitAccount",
      tag: "Accounts",
      summary: "Limit an account",
      description:
        "Replaces the account's own limits, from its next request on, and answers those that hold. What is " +
        "left out is the service's.",
      ...ADMIN,
      body: "AccountLimits",
      answers: { 200: "AccountLimits" },
      problems: ["NotFound", "Conflict"],
    }),
  },
  "/v1/audit": {
    get: operation({
      id: "listActions",
      tag: "Audit",
      summary: "List administrators' actions",
      description:
        "A page of what administrators did, the newest first: who, what, on which account, when, with which " +
        "outcome. Nothing is changed or removed but the oldest entries, beyond 100,000.",
      ...ADMIN,
      query: PAGE,
      answers: { 200: "AuditList" },
      problems: ["Invalid"],
    }),
  },
  "/v1/tokens": {
    get: operation({
      id: "listTokens",
      tag: "Tokens",
      summary: "List tokens",
      description: "A page of tokens in the order of their ids, without their secrets.",
      ...ADMIN,
      query: [...PAGE, parameter("query", "account", "Only the tokens of this account.", accountName)],
      answers: { 200: "TokenList" },
      problems: ["Invalid"],
    }),
    post: operation({
      id: "issueToken",
      tag: "Tokens",
      summary: "Issue a token",
      description:
        "Issues a token, at most 100 for one account and for all of them. To rotate a token, issue one with " +
        "the same scope, give it to the client, and revoke the old one.",
      ...ADMIN,
      body: "TokenRequest",
      answers: { 201: "TokenIssued" },
      problems: ["NotFound"],
    }),
  },
  "/v1/tokens/{id}": {
    parameters: [parameter("path", "id", "The id of the token.", tokenId)],
    delete: operation({
      id: "revokeToken",
      tag: "Tokens",
      summary: "Revoke a token",
      description: "The token is refused from the next request on.",
      ...ADMIN,
      answers: { 204: undefined },
      problems: ["NotFound"],
    }),
  },
};
