import type { Hono } from "hono";
import type { DeviceCommand } from "../device/mod.ts";
import type {
  ACCOUNT_OPERATIONS,
  AccountOperation,
  Admission,
  OperationAnswers,
  OperationInputs,
  Permission,
  RegisteredAccount,
} from "../service/mod.ts";
import type { AppEnv } from "./app_env.ts";
import type { METHOD_OF } from "./method_of.ts";

/** The answer of a running service. */
export interface Health {
  readonly status: "ok";
}

/** What the service has. */
export interface ServiceIndex {
  readonly name: string;
  readonly links: readonly {
    /** A path, or a template of one (RFC 6570): `/v1/accounts/{account}`. */
    readonly href: string;
    readonly methods: readonly string[];
  }[];
}

/** A page of accounts. */
export interface AccountList {
  readonly accounts: readonly RegisteredAccount[];
  /** The `after` of the next page. Left out of the last page. */
  readonly next?: string | undefined;
}

/** The account that was created or existed before. */
export interface AccountCreated {
  readonly name: string;
  /** Whether it was created by this request. */
  readonly created: boolean;
}

/** A token without its secret. */
export interface TokenSummary {
  readonly id: string;
  /** The account that the token is for, or `null` for all of them. */
  readonly account: string | null;
  readonly permissions: readonly Permission[];
  readonly label: string;
  /** Clock times in milliseconds. */
  readonly createdAtMs: number;
  /** Left out of a token that does not expire. */
  readonly expiresAtMs?: number | undefined;
  /** The last use, to within an hour. Left out before the first one. */
  readonly lastUsedAtMs?: number | undefined;
}

/** A new token. */
export interface TokenIssued extends TokenSummary {
  /** The whole token. Only its hash is stored, so it cannot be shown again. */
  readonly token: string;
}

/** A page of tokens. */
export interface TokenList {
  readonly tokens: readonly TokenSummary[];
  /** The `after` of the next page. Left out of the last page. */
  readonly next?: string | undefined;
}

/** The token to issue. */
export interface TokenRequest {
  /** The account that the token is for. Defaults to all of them. */
  readonly account?: string | undefined;
  readonly permissions: readonly Permission[];
  /** A name for people, up to 100 characters. */
  readonly label?: string | undefined;
  /** How long it is valid, 60 seconds to ten years. Defaults to no end. */
  readonly expiresInS?: number | undefined;
}

/** A page of administrators' actions, the newest first. */
export interface AuditList {
  readonly actions: readonly {
    readonly id: number;
    /** Clock time in milliseconds. */
    readonly atMs: number;
    /** The id of the token, or `root` for the host's own admin token. */
    readonly by: string;
    /** `account.create`, `account.delete`, `account.limits`, `snapshot.unredacted`, `token.issue`, … */
    readonly action: string;
    readonly account?: string | undefined;
    /** What it is about beside the account: the id of a token. */
    readonly subject?: string | undefined;
    /** `done`, or the code of the problem. Left out where it is not known whether it was carried out. */
    readonly outcome?: string | undefined;
    /** How often, where one token repeated it on the account within an hour of the clock. */
    readonly times?: number | undefined;
  }[];
  /** The `after` of the next page. Left out of the last page. */
  readonly next?: string | undefined;
}

/** A `DeviceCommand` in JSON: bytes are base64, and `null` clears a field. */
export interface CommandRequest {
  readonly kind: DeviceCommand["kind"];
  readonly [member: string]: unknown;
}

/** The page of a list. */
export interface PageQuery {
  /** `next` of the page before. Defaults to the first page. */
  after?: string | undefined;
  /** Maximum number of entries, 1 to 1,000. Defaults to 100. */
  limit?: string | undefined;
}

interface AccountParam {
  readonly param: { readonly account: string };
}

// An interface has no index signature. `hono/client` asks for one, and types every client as `unknown`
// without it.
type Route<Input, Output, Status extends 200 | 201 | 204, Format extends string = "json"> = {
  input: Input;
  output: Output;
  outputFormat: Format;
  status: Status;
};

/** What a client sends for each kind of arguments. The commit protocol is not JSON. */
interface Requests extends Record<keyof OperationInputs, object> {
  nothing: object;
  commands: { json: { readonly commands: readonly CommandRequest[] } };
  redaction: { query?: { redacted?: "true" | "false" } };
}

type Rows = typeof ACCOUNT_OPERATIONS;

/** The operations that answer JSON or nothing. */
type ClientOperation = {
  [Name in AccountOperation]: Rows[Name]["answers"] extends "call" ? never : Name;
}[AccountOperation];

type PathOf<Name extends AccountOperation> = `/v1/accounts/:account${Rows[Name]["path"]}`;

type AccountRoute<Name extends ClientOperation> = Rows[Name]["answers"] extends "nothing"
  ? Route<AccountParam & Requests[Rows[Name]["takes"]], null, 204, "body">
  : Route<
      AccountParam & Requests[Rows[Name]["takes"]],
      NonNullable<OperationAnswers[Rows[Name]["answers"]]>,
      200
    >;

/** The routes of the operations on an account. */
type AccountRoutes = {
  [Path in PathOf<ClientOperation>]: {
    [Name in ClientOperation as Path extends PathOf<Name>
      ? `$${(typeof METHOD_OF)[Rows[Name]["effect"]]}`
      : never]: AccountRoute<Name>;
  };
};

/**
 * Every route that answers JSON, in the form that `hono/client` reads. `remoteBackend` speaks the commit
 * protocol.
 */
export type AppSchema = AccountRoutes & {
  "/v1": { $get: Route<object, ServiceIndex, 200> };
  "/v1/health": { $get: Route<object, Health, 200> };
  "/v1/ready": { $get: Route<object, Health, 200> };
  "/v1/openapi.json": { $get: Route<object, Record<string, unknown>, 200> };
  "/v1/accounts": {
    $get: Route<{ query?: PageQuery }, AccountList, 200>;
    $post: Route<{ json: { readonly name: string } }, AccountCreated, 200 | 201>;
  };
  "/v1/accounts/:account/limits": {
    $get: Route<AccountParam, NonNullable<Admission["limits"]>, 200>;
    $put: Route<
      AccountParam & { readonly json: NonNullable<Admission["limits"]> },
      NonNullable<Admission["limits"]>,
      200
    >;
  };
  "/v1/audit": { $get: Route<{ query?: PageQuery }, AuditList, 200> };
  "/v1/tokens": {
    $get: Route<{ query?: PageQuery & { account?: string } }, TokenList, 200>;
    $post: Route<{ json: TokenRequest }, TokenIssued, 201>;
  };
  "/v1/tokens/:id": { $delete: Route<{ readonly param: { readonly id: string } }, null, 204, "body"> };
};

/**
 * The type of the application, for `hono/client`: `hc<AppType>(url)`. It is computed from the tables of the
 * service, so documentation has no names for its parts.
 *
 * @ignore
 */
export type AppType = Hono<AppEnv, AppSchema, "/">;
