import { CALL_TYPE } from "../protocol/mod.ts";
import type { AccountOperation, OperationAnswers, OperationInputs } from "../service/mod.ts";
import { EXAMPLES } from "./examples.ts";
import { type ProblemName, problemRef } from "./problems.ts";
import { parameter, type Schema } from "./schema.ts";
import { type SchemaName, schemaRef } from "./schemas.ts";

/** The body of a request or an answer. `document` is any object. */
export type Content = SchemaName | typeof CALL_TYPE | "document";

/** An operation as the document describes it. */
export interface DescribedOperation {
  readonly id: string;
  readonly tag: "Service" | "Accounts" | "Tokens" | "Audit" | "Account";
  readonly summary: string;
  readonly description: string;
  /** Each is enough alone. Left out if it needs no token. */
  readonly permissions?: readonly string[] | undefined;
  readonly query?: readonly Schema[] | undefined;
  readonly body?: Content | undefined;
  /** The content of each status of success. */
  readonly answers: Readonly<Record<number, Content | undefined>>;
  /** The problems that it may answer, besides those that every one may. */
  readonly problems?: readonly ProblemName[] | undefined;
}

const DONE: Readonly<Record<string, string>> = {
  200: "Done.",
  201: "Created.",
  204: "Done. There is no body.",
};

/** Describes an operation in OpenAPI. */
export function describeOperation({
  id,
  tag,
  summary,
  description,
  permissions,
  query,
  body,
  answers,
  problems = [],
}: DescribedOperation): Schema {
  const refusals: ProblemName[] = [
    ...problems,
    ...(permissions === undefined ? [] : (["Unauthorized", "Forbidden"] as const)),
    ...(body === undefined ? [] : (["Invalid", "TooLarge", "Unsupported", "Limit"] as const)),
  ];
  const refused = [...new Set(refusals)].map(problemRef);
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: (permissions ?? []).map((permission) => ({ bearer: [permission] })),
    ...(query === undefined ? {} : { parameters: query }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, content]) => [
          status,
          { description: DONE[status], ...(content === undefined ? {} : { content: contentOf(content) }) },
        ]),
      ),
      ...(refused.length === 0 ? { "4XX": { $ref: "#/components/responses/Problem" } } : {}),
      ...Object.fromEntries(refused),
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function contentOf(content: Content): Schema {
  if (content === CALL_TYPE) return { [CALL_TYPE]: { schema: { type: "string", format: "binary" } } };
  if (content === "document") return { "application/json": { schema: { type: "object" } } };
  return { "application/json": { schema: schemaRef(content), example: EXAMPLES[content] } };
}

/** How the arguments of an operation are sent. */
export const SENT: {
  readonly [Kind in keyof OperationInputs]: Pick<DescribedOperation, "query" | "body">;
} = {
  nothing: {},
  commands: { body: "CommandRequest" },
  redaction: {
    query: [
      parameter("query", "redacted", "`false` shows private keys, and needs the permission `unredacted`.", {
        type: "string",
        enum: ["true", "false"],
        default: "true",
      }),
    ],
  },
  call: { body: CALL_TYPE },
};

/** How the result of an operation is answered. */
export const ANSWERED: {
  readonly [Kind in keyof OperationAnswers]: Pick<DescribedOperation, "answers">;
} = {
  device: { answers: { 200: "Device" } },
  flush: { answers: { 200: "FlushSummary" } },
  stats: { answers: { 200: "Stats" } },
  snapshot: { answers: { 200: "Snapshot" } },
  call: { answers: { 200: CALL_TYPE } },
  nothing: { answers: { 204: undefined } },
};

/** The words for each operation on an account. */
export const WORDS: {
  readonly [Name in AccountOperation]: Pick<DescribedOperation, "summary" | "description" | "problems">;
} = {
  device: {
    summary: "Show the device",
    description: "The device without secrets. 404 while the account has none. Takes no ownership.",
  },
  commandDevice: {
    summary: "Change the device",
    description:
      "Applies commands, all or none, and answers when they are durable. The service takes the ownership of " +
      "the account: a client elsewhere that owns it is fenced.",
    problems: ["Conflict"],
  },
  flush: {
    summary: "Save what is not saved",
    description: "Saves what the service holds in memory of the account. Does nothing while it is not open.",
    problems: ["Conflict"],
  },
  stats: {
    summary: "Show statistics",
    description: "Numbers of the account. Takes no ownership.",
  },
  snapshot: {
    summary: "Take a snapshot for debugging",
    description: "The device, the sizes of the tables and the statistics. Takes no ownership.",
    problems: ["Invalid"],
  },
  call: {
    summary: "Call the commit protocol",
    description: "What `remoteBackend` sends: one versioned, binary call. Not for other clients.",
    problems: ["Conflict", "Refused", "Full"],
  },
  deleteAccount: {
    summary: "Delete an account",
    description:
      "Revokes the tokens of the account and deletes everything of it. Idempotent; after a failure the " +
      "account stays marked until it is deleted again.",
  },
};
