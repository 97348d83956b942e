import type { Hono } from "hono";
import type { DeviceCommandKind, RedactedDevice } from "../device/mod.ts";
import type {
  AccountSnapshot,
  AccountStats,
  FlushSummary,
  Permission,
  RegisteredAccount,
} from "../service/mod.ts";
import type { AppEnv } from "./app_env.ts";

/** That the service answers. */
export interface Health {
  readonly status: "ok";
}

/** A page of accounts. */
export interface AccountList {
  readonly accounts: readonly RegisteredAccount[];
  /** Give it as `after` for the next page; left out on the last. */
  readonly next?: string | undefined;
}

/** An account that is there now. */
export interface AccountCreated {
  readonly name: string;
  /** Whether it was not there before. */
  readonly created: boolean;
}

/** A token without what would let somebody in. */
export interface TokenSummary {
  readonly id: string;
  /** The account that it is for; `null` for all of them. */
  readonly account: string | null;
  readonly permissions: readonly Permission[];
  readonly label: string;
  /** Clock time in milliseconds. */
  readonly createdAtMs: number;
}

/** A token that was issued just now. */
export interface TokenIssued extends TokenSummary {
  /** The token itself. It is not kept and cannot be shown again. */
  readonly token: string;
}

/** A page of tokens. */
export interface TokenList {
  readonly tokens: readonly TokenSummary[];
  /** Give it as `after` for the next page; left out on the last. */
  readonly next?: string | undefined;
}

/** Which token to issue. */
export interface TokenRequest {
  /** The account that it is for; all of them when left out. */
  readonly account?: string | undefined;
  readonly permissions: readonly Permission[];
  /** What people call it, up to 100 characters. */
  readonly label?: string | undefined;
}

/** A command as JSON carries it: as `DeviceCommand`, with bytes in base64 and `null` where that clears. */
export interface CommandRequest {
  readonly kind: DeviceCommandKind;
  readonly [member: string]: unknown;
}

/** Which page of a list. */
export interface PageQuery {
  /** `next` of the page before. */
  after?: string | undefined;
  /** Entries of a page, 1 … 1,000. Defaults to 100. */
  limit?: string | undefined;
}

interface AccountParam {
  readonly param: { readonly account: string };
}

/** As an interface it would lack the index signature that `hono/client` asks for, and every client would be `unknown`. */
type Route<Input, Output, Status extends 200 | 201 | 204, Format extends string = "json"> = {
  input: Input;
  output: Output;
  outputFormat: Format;
  status: Status;
};

/** Every route that answers JSON, as `hono/client` reads it. The commit protocol is spoken by `remoteBackend`. */
export type AppSchema = {
  "/v1/health": { $get: Route<object, Health, 200> };
  "/v1/openapi.json": { $get: Route<object, Record<string, unknown>, 200> };
  "/v1/accounts": {
    $get: Route<{ query?: PageQuery }, AccountList, 200>;
    $post: Route<{ json: { readonly name: string } }, AccountCreated, 200 | 201>;
  };
  "/v1/accounts/:account": { $delete: Route<AccountParam, null, 204, "body"> };
  "/v1/accounts/:account/device": { $get: Route<AccountParam, RedactedDevice, 200> };
  "/v1/accounts/:account/device/commands": {
    $post: Route<
      AccountParam & { json: { readonly commands: readonly CommandRequest[] } },
      FlushSummary,
      200
    >;
  };
  "/v1/accounts/:account/flush": { $post: Route<AccountParam, FlushSummary, 200> };
  "/v1/accounts/:account/stats": { $get: Route<AccountParam, AccountStats, 200> };
  "/v1/accounts/:account/snapshot": {
    $get: Route<AccountParam & { query?: { redacted?: "true" | "false" } }, AccountSnapshot, 200>;
  };
  "/v1/tokens": {
    $get: Route<{ query?: PageQuery & { account?: string } }, TokenList, 200>;
    $post: Route<{ json: TokenRequest }, TokenIssued, 201>;
  };
  "/v1/tokens/:id": { $delete: Route<{ readonly param: { readonly id: string } }, null, 204, "body"> };
};

/** The type of the application, for `hono/client`: `hc<AppType>(url)`. */
export type AppType = Hono<AppEnv, AppSchema, "/">;
