/**
 * Types of the paths and the schemas of the OpenAPI document. Written by openapi-typescript: after a change of
 * the document run `npx vitest run --project system test/http/openapi_types_test.ts --update`.
 */

/**
 * The paths of the service, in the form that `openapi-fetch` reads: `createClient<paths>({ baseUrl })`.
 *
 * @ignore
 */
export interface paths {
    "/v1": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the paths of the service
         * @description The paths of the service and their methods. Needs no token.
         */
        get: operations["index"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask whether the service answers
         * @description For a liveness probe: restart the service when it does not answer. Needs no token.
         */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask whether the database answers
         * @description For a readiness probe: send no requests while it answers 503. Needs no token.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get this document
         * @description This document, where the host was given it. Needs no token.
         */
        get: operations["document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List accounts
         * @description A page of accounts in the order of their names.
         */
        get: operations["listAccounts"];
        put?: never;
        /**
         * Create an account
         * @description Creates an account if it does not exist (201), and does nothing if it does (200).
         */
        post: operations["createAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        /**
         * Show the limits of an account
         * @description The limits that hold for the account: its own, and those of the service for the rest.
         */
        get: operations["accountLimits"];
        /**
         * Limit an account
         * @description Replaces the account's own limits, from its next request on, and answers those that hold. What is left out is the service's.
         */
        put: operations["limitAccount"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List administrators' actions
         * @description A page of what administrators did, the newest first: who, what, on which account, when, with which outcome. Nothing is changed or removed but the oldest entries, beyond 100,000.
         */
        get: operations["listActions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tokens
         * @description A page of tokens in the order of their ids, without their secrets.
         */
        get: operations["listTokens"];
        put?: never;
        /**
         * Issue a token
         * @description Issues a token, at most 100 for one account and for all of them. To rotate a token, issue one with the same scope, give it to the client, and revoke the old one.
         */
        post: operations["issueToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the token. */
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a token
         * @description The token is refused from the next request on.
         */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/device": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        /**
         * Show the device
         * @description The device without secrets. 404 while the account has none. Takes no ownership.
         */
        get: operations["device"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/device/commands": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change the device
         * @description Applies commands, all or none, and answers when they are durable. The service takes the ownership of the account: a client elsewhere that owns it is fenced.
         */
        post: operations["commandDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/flush": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Save what is not saved
         * @description Saves what the service holds in memory of the account. Does nothing while it is not open.
         */
        post: operations["flush"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        /**
         * Show statistics
         * @description Numbers of the account. Takes no ownership.
         */
        get: operations["stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        /**
         * Take a snapshot for debugging
         * @description The device, the sizes of the tables and the statistics. Takes no ownership.
         */
        get: operations["snapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/backend": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Call the commit protocol
         * @description What `remoteBackend` sends: one versioned, binary call. Not for other clients.
         */
        post: operations["call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete an account
         * @description Revokes the tokens of the account and deletes everything of it. Idempotent; after a failure the account stays marked until it is deleted again.
         */
        delete: operations["deleteAccount"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
/**
 * The schemas of the service's requests and answers: `components["schemas"]["Problem"]`.
 *
 * @ignore
 */
export interface components {
    schemas: {
        ServiceIndex: {
            name: string;
            links: {
                /** @description A path, or a template of one (RFC 6570). */
                href: string;
                methods: string[];
            }[];
        };
        Health: {
            /** @constant */
            status: "ok";
        };
        CreateAccount: {
            /** @description Any text without NUL, except `.` and `..`. Compared byte by byte. */
            name: string;
        };
        AccountCreated: {
            /** @description Any text without NUL, except `.` and `..`. Compared byte by byte. */
            name: string;
            /** @description Whether this request created it. */
            created: boolean;
        };
        AccountList: {
            accounts: {
                /** @description Any text without NUL, except `.` and `..`. Compared byte by byte. */
                name: string;
                /** @description Clock time in milliseconds since 1970. */
                createdAtMs: number;
                /** @description Set after a deletion that is not finished. Delete it again. */
                deleting?: boolean;
                /** @description The limits that hold. Left out if there are none. */
                limits?: {
                    /** @description Most bytes that the account may store: of its values, on a Worker of its database. */
                    maxBytes?: number;
                    /** @description Most rows that the account may store. */
                    maxRows?: number;
                    /** @description Most requests in a minute. Up to that many may come at once. */
                    requestsPerMinute?: number;
                };
            }[];
            /** @description The `after` of the next page. Left out of the last one. */
            next?: string;
        };
        /** @description What is left out has no limit, or that of the service. */
        AccountLimits: {
            /** @description Most bytes that the account may store: of its values, on a Worker of its database. */
            maxBytes?: number;
            /** @description Most rows that the account may store. */
            maxRows?: number;
            /** @description Most requests in a minute. Up to that many may come at once. */
            requestsPerMinute?: number;
        };
        TokenRequest: {
            /** @description Defaults to all accounts. Not with the permission `admin`. */
            account?: string;
            /** @description `account`: use of the account. `erase`: its deletion. `unredacted`: snapshots with private keys. `admin`: accounts and tokens, and no use of an account. */
            permissions: ("account" | "erase" | "unredacted" | "admin")[];
            /** @description A name for people. */
            label?: string;
            /** @description Seconds for which it is valid. Defaults to no end. */
            expiresInS?: number;
        };
        TokenIssued: {
            /** @description Part of the token, and not secret. */
            id: string;
            /** @description The account that the token is for; null: all of them. */
            account: string | null;
            /** @description `account`: use of the account. `erase`: its deletion. `unredacted`: snapshots with private keys. `admin`: accounts and tokens, and no use of an account. */
            permissions: ("account" | "erase" | "unredacted" | "admin")[];
            /** @description A name for people. */
            label: string;
            /** @description Clock time in milliseconds since 1970. */
            createdAtMs: number;
            /** @description When it ends to be valid. Left out of a token that does not expire. */
            expiresAtMs?: number;
            /** @description Its last use, to within an hour. Left out before the first one. */
            lastUsedAtMs?: number;
            /** @description The token. Only its hash is stored, so it is shown once. */
            token: string;
        };
        TokenList: {
            tokens: {
                /** @description Part of the token, and not secret. */
                id: string;
                /** @description The account that the token is for; null: all of them. */
                account: string | null;
                /** @description `account`: use of the account. `erase`: its deletion. `unredacted`: snapshots with private keys. `admin`: accounts and tokens, and no use of an account. */
                permissions: ("account" | "erase" | "unredacted" | "admin")[];
                /** @description A name for people. */
                label: string;
                /** @description Clock time in milliseconds since 1970. */
                createdAtMs: number;
                /** @description When it ends to be valid. Left out of a token that does not expire. */
                expiresAtMs?: number;
                /** @description Its last use, to within an hour. Left out before the first one. */
                lastUsedAtMs?: number;
            }[];
            /** @description The `after` of the next page. Left out of the last one. */
            next?: string;
        };
        AuditList: {
            actions: {
                id: number;
                /** @description Clock time in milliseconds since 1970. */
                atMs: number;
                /** @description The id of the token, or `root` for the host's own admin token. */
                by: string;
                /** @description `account.create`, `account.delete`, `account.limits`, `snapshot.unredacted`, `token.issue`, … */
                action: string;
                /** @description Any text without NUL, except `.` and `..`. Compared byte by byte. */
                account?: string;
                /** @description What it is about beside the account: the id of a token, the limits. */
                subject?: string;
                /** @description `done`, or the code of a problem. Left out where it is not known whether it was carried out. */
                outcome?: string;
                /** @description How often, where one token repeated it on the account within an hour of the clock. */
                times?: number;
            }[];
            /** @description The `after` of the next page. Left out of the last one. */
            next?: string;
        };
        Device: {
            /** @description Whether the keys of the account are with its client, not here. */
            sealed: boolean;
            pn?: string;
            lid?: string;
            registrationId: number;
            signedPreKeyId: number;
            hasAccount: boolean;
            hasPushName: boolean;
            platform?: string;
            appVersion: string;
            /** @description Clock time in milliseconds since 1970. */
            appVersionLastFetchedMs: number;
            edgeRoutingInfoBytes?: number;
            hasPropsHash: boolean;
            nextPreKeyId: number;
            firstUnuploadedPreKeyId: number;
            serverHasPreKeys: boolean;
            nctSaltBytes?: number;
            serverCertNotAfter?: number;
            loginCounter: number;
            lidMigrated: boolean;
            /** @description Clock time in milliseconds since 1970. */
            lastSignedPreKeyRotationMs: number;
            readReceiptsDisabled: boolean;
            serverClientExpiresAt?: number;
            extraBytes: {
                [key: string]: number;
            };
        };
        CommandRequest: {
            /** @description Applied all or none. Bytes are base64, and `null` clears a field. */
            commands: ({
                kind: string;
            } & {
                [key: string]: unknown;
            })[];
        };
        FlushSummary: {
            /** @description Whether the service holds the account open. If not, there was nothing to save. */
            open: boolean;
            /** @description Items that are durable now. */
            committed: number;
            /** @description Items that the database refused. They are kept in memory. */
            isolated: number;
            rows: number;
            durationMs: number;
        };
        Stats: {
            /** @description Whether the service holds the account open. A client elsewhere may own it. */
            open: boolean;
            account?: {
                dirty: {
                    /** @description Items that must be saved within the interval. */
                    must: number;
                    /** @description Items that are saved with the next commit. */
                    may: number;
                    bytes: number;
                    oldestAgeMs?: number;
                };
                commits: number;
                rowsWritten: number;
                /** @description Commits whose answer was lost. */
                ambiguous: number;
                flush: {
                    count: number;
                    lastMs: number;
                    meanMs: number;
                    maxMs: number;
                };
                saver: {
                    state: string;
                    consecutiveFailures: number;
                    /** @description The class and the code of the last error, without its message. */
                    lastError?: Record<string, never>;
                    /** @description Clock time in milliseconds since 1970. */
                    lastSuccessAtMs?: number;
                    /** @description Clock time in milliseconds since 1970. */
                    lastFailureAtMs?: number;
                    /** @description Clock time in milliseconds since 1970. */
                    retryAtMs?: number;
                    /** @description Items that the database refused. */
                    isolated: number;
                    waitingWriters: number;
                };
                cache?: {
                    hits: number;
                    misses: number;
                    hitRatio: number;
                    /** @description Entries whose ciphertexts must not be sent yet. */
                    gated: number;
                };
            };
            /** @description Clock time in milliseconds since 1970. */
            nextAlarmAtMs?: number;
            backups?: {
                /** @description Failures since the last backup. */
                failures: number;
                /** @description Clock time in milliseconds since 1970. */
                lastSuccessAtMs?: number;
                /** @description Clock time in milliseconds since 1970. */
                lastFailureAtMs?: number;
                /** @description The class and the code of the last error, without its message. */
                lastError?: Record<string, never>;
            };
            /** @description The limits that hold. Left out if there are none. */
            limits?: {
                /** @description Most bytes that the account may store: of its values, on a Worker of its database. */
                maxBytes?: number;
                /** @description Most rows that the account may store. */
                maxRows?: number;
                /** @description Most requests in a minute. Up to that many may come at once. */
                requestsPerMinute?: number;
            };
            /** @description What the account has stored. Left out if it has no limits. */
            stored?: {
                bytes: number;
                rows?: number;
            };
            /** @description The limit that refused the last write that would have stored more. */
            refusedBy?: string;
        };
        Snapshot: {
            /** @description Clock time in milliseconds since 1970. */
            takenAtMs: number;
            device?: {
                /** @description Whether the keys of the account are with its client, not here. */
                sealed: boolean;
                pn?: string;
                lid?: string;
                registrationId: number;
                signedPreKeyId: number;
                hasAccount: boolean;
                hasPushName: boolean;
                platform?: string;
                appVersion: string;
                /** @description Clock time in milliseconds since 1970. */
                appVersionLastFetchedMs: number;
                edgeRoutingInfoBytes?: number;
                hasPropsHash: boolean;
                nextPreKeyId: number;
                firstUnuploadedPreKeyId: number;
                serverHasPreKeys: boolean;
                nctSaltBytes?: number;
                serverCertNotAfter?: number;
                loginCounter: number;
                lidMigrated: boolean;
                /** @description Clock time in milliseconds since 1970. */
                lastSignedPreKeyRotationMs: number;
                readReceiptsDisabled: boolean;
                serverClientExpiresAt?: number;
                extraBytes: {
                    [key: string]: number;
                };
            };
            /** @description The whole device with its private keys, bytes in base64. Only with `redacted=false`. */
            secrets?: Record<string, never>;
            database: {
                name: string;
                /** @description Any text without NUL, except `.` and `..`. Compared byte by byte. */
                account: string;
                accountId: number;
                schemaVersion: number;
                tables: {
                    table: string;
                    rows: number;
                    bytes: number;
                }[];
            };
            stats: {
                /** @description Whether the service holds the account open. A client elsewhere may own it. */
                open: boolean;
                account?: {
                    dirty: {
                        /** @description Items that must be saved within the interval. */
                        must: number;
                        /** @description Items that are saved with the next commit. */
                        may: number;
                        bytes: number;
                        oldestAgeMs?: number;
                    };
                    commits: number;
                    rowsWritten: number;
                    /** @description Commits whose answer was lost. */
                    ambiguous: number;
                    flush: {
                        count: number;
                        lastMs: number;
                        meanMs: number;
                        maxMs: number;
                    };
                    saver: {
                        state: string;
                        consecutiveFailures: number;
                        /** @description The class and the code of the last error, without its message. */
                        lastError?: Record<string, never>;
                        /** @description Clock time in milliseconds since 1970. */
                        lastSuccessAtMs?: number;
                        /** @description Clock time in milliseconds since 1970. */
                        lastFailureAtMs?: number;
                        /** @description Clock time in milliseconds since 1970. */
                        retryAtMs?: number;
                        /** @description Items that the database refused. */
                        isolated: number;
                        waitingWriters: number;
                    };
                    cache?: {
                        hits: number;
                        misses: number;
                        hitRatio: number;
                        /** @description Entries whose ciphertexts must not be sent yet. */
                        gated: number;
                    };
                };
                /** @description Clock time in milliseconds since 1970. */
                nextAlarmAtMs?: number;
                backups?: {
                    /** @description Failures since the last backup. */
                    failures: number;
                    /** @description Clock time in milliseconds since 1970. */
                    lastSuccessAtMs?: number;
                    /** @description Clock time in milliseconds since 1970. */
                    lastFailureAtMs?: number;
                    /** @description The class and the code of the last error, without its message. */
                    lastError?: Record<string, never>;
                };
                /** @description The limits that hold. Left out if there are none. */
                limits?: {
                    /** @description Most bytes that the account may store: of its values, on a Worker of its database. */
                    maxBytes?: number;
                    /** @description Most rows that the account may store. */
                    maxRows?: number;
                    /** @description Most requests in a minute. Up to that many may come at once. */
                    requestsPerMinute?: number;
                };
                /** @description What the account has stored. Left out if it has no limits. */
                stored?: {
                    bytes: number;
                    rows?: number;
                };
                /** @description The limit that refused the last write that would have stored more. */
                refusedBy?: string;
            };
        };
        /** @description A problem of RFC 9457. It repeats nothing that was sent. */
        Problem: {
            /** @constant */
            type: "about:blank";
            /** @description The reason phrase of the status. */
            title: string;
            status: number;
            /** @description What happened. Stable, unlike the texts. */
            code: string;
            /** @description For people. */
            message: string;
            /** @description Index of the write that caused the refusal of a commit. */
            writeIndex?: number;
            /** @description The limit of the account that is reached. */
            limit?: {
                /** @description `maxBytes`, `maxRows` or `requestsPerMinute`. */
                rule: string;
                allowed: number;
            };
            errors?: {
                /** @enum {string} */
                in: "body" | "query" | "header";
                /** @description JSON Pointer of the part that breaks the rule, as a fragment. */
                pointer: string;
                /** @description A keyword of JSON Schema. */
                rule: string;
                /** @description What the keyword allows. */
                allowed?: string | number | string[];
            }[];
            /** @description Identifies the request in the log of the service. */
            requestId: string;
        };
    };
    responses: {
        /** @description A problem. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Bad Request",
                 *       "status": 400,
                 *       "code": "invalid",
                 *       "message": "issue token: permissions is none of account, erase, unredacted, admin",
                 *       "errors": [
                 *         {
                 *           "in": "body",
                 *           "pointer": "#/permissions/0",
                 *           "rule": "enum",
                 *           "allowed": [
                 *             "account",
                 *             "erase",
                 *             "unredacted",
                 *             "admin"
                 *           ]
                 *         }
                 *       ],
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request is malformed. `errors` names the parts, the rules and what is allowed. */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Bad Request",
                 *       "status": 400,
                 *       "code": "invalid",
                 *       "message": "issue token: permissions is none of account, erase, unredacted, admin",
                 *       "errors": [
                 *         {
                 *           "in": "body",
                 *           "pointer": "#/permissions/0",
                 *           "rule": "enum",
                 *           "allowed": [
                 *             "account",
                 *             "erase",
                 *             "unredacted",
                 *             "admin"
                 *           ]
                 *         }
                 *       ],
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no token, or it is unknown, expired or revoked. */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unauthorized",
                 *       "status": 401,
                 *       "code": "unauthorized",
                 *       "message": "authenticate: no valid token",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token does not permit this. */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Forbidden",
                 *       "status": 403,
                 *       "code": "forbidden",
                 *       "message": "administer: the token does not allow administration",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such account, device or token. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "code": "not-found",
                 *       "message": "find account: no such account",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account is in a state that does not allow this: see `code`. */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Conflict",
                 *       "status": 409,
                 *       "code": "fenced",
                 *       "message": "commit: another owner has taken the account over",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than the limit. */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Content Too Large",
                 *       "status": 413,
                 *       "code": "too-large",
                 *       "message": "read body: at most 262144 bytes are allowed",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body has another media type, or is compressed. */
        Unsupported: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unsupported Media Type",
                 *       "status": 415,
                 *       "code": "unsupported",
                 *       "message": "read body: expected application/json",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The database never accepts one of the writes. Nothing was written. */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Unprocessable Content",
                 *       "status": 422,
                 *       "code": "refused",
                 *       "message": "commit: the token does not permit to erase the account",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A limit is reached. Nothing was carried out: repeat it after `retry-after` seconds. */
        Limit: {
            headers: {
                /**
                 * @description Seconds after which the request may be repeated.
                 * @example 1
                 */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Too Many Requests",
                 *       "status": 429,
                 *       "code": "limit",
                 *       "message": "call: too many bytes of the account are in flight",
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account would exceed what it may store. Nothing was written. */
        Full: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Insufficient Storage",
                 *       "status": 507,
                 *       "code": "limit",
                 *       "message": "use account: its limit is reached, maxBytes is 100000000",
                 *       "limit": {
                 *         "rule": "maxBytes",
                 *         "allowed": 100000000
                 *       },
                 *       "requestId": "5b0e8f21c4d37a96"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    index: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "Holdfast",
                     *       "links": [
                     *         {
                     *           "href": "/v1/accounts",
                     *           "methods": [
                     *             "GET",
                     *             "POST"
                     *           ]
                     *         },
                     *         {
                     *           "href": "/v1/accounts/{account}/stats",
                     *           "methods": [
                     *             "GET"
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ServiceIndex"];
                };
            };
            "4XX": components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            "4XX": components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            "4XX": components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    document: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            "4XX": components["responses"]["Problem"];
            default: components["responses"]["Problem"];
        };
    };
    listAccounts: {
        parameters: {
            query?: {
                /** @description `next` of the page before. Defaults to the first page. */
                after?: string;
                /** @description Maximum number of entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accounts": [
                     *         {
                     *           "name": "bot-1",
                     *           "createdAtMs": 1790000000000
                     *         }
                     *       ],
                     *       "next": "bot-1"
                     *     }
                     */
                    "application/json": components["schemas"]["AccountList"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Problem"];
        };
    };
    createAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "bot-1"
                 *     }
                 */
                "application/json": components["schemas"]["CreateAccount"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "bot-1",
                     *       "created": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountCreated"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "bot-1",
                     *       "created": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountCreated"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    accountLimits: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "maxBytes": 100000000,
                     *       "maxRows": 200000,
                     *       "requestsPerMinute": 600
                     *     }
                     */
                    "application/json": components["schemas"]["AccountLimits"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            default: components["responses"]["Problem"];
        };
    };
    limitAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "maxBytes": 100000000,
                 *       "maxRows": 200000,
                 *       "requestsPerMinute": 600
                 *     }
                 */
                "application/json": components["schemas"]["AccountLimits"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "maxBytes": 100000000,
                     *       "maxRows": 200000,
                     *       "requestsPerMinute": 600
                     *     }
                     */
                    "application/json": components["schemas"]["AccountLimits"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    listActions: {
        parameters: {
            query?: {
                /** @description `next` of the page before. Defaults to the first page. */
                after?: string;
                /** @description Maximum number of entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "actions": [
                     *         {
                     *           "id": 2,
                     *           "atMs": 1790000000000,
                     *           "by": "root",
                     *           "action": "token.issue",
                     *           "account": "bot-1",
                     *           "subject": "3f9a1c5d7e8b2046",
                     *           "outcome": "done"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AuditList"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Problem"];
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description `next` of the page before. Defaults to the first page. */
                after?: string;
                /** @description Maximum number of entries. */
                limit?: number;
                /** @description Only the tokens of this account. */
                account?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tokens": [
                     *         {
                     *           "id": "3f9a1c5d7e8b2046",
                     *           "account": "bot-1",
                     *           "permissions": [
                     *             "account"
                     *           ],
                     *           "label": "bot on server 2",
                     *           "createdAtMs": 1790000000000,
                     *           "expiresAtMs": 1797776000000
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TokenList"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            default: components["responses"]["Problem"];
        };
    };
    issueToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "account": "bot-1",
                 *       "permissions": [
                 *         "account"
                 *       ],
                 *       "label": "bot on server 2",
                 *       "expiresInS": 7776000
                 *     }
                 */
                "application/json": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "3f9a1c5d7e8b2046",
                     *       "account": "bot-1",
                     *       "permissions": [
                     *         "account"
                     *       ],
                     *       "label": "bot on server 2",
                     *       "createdAtMs": 1790000000000,
                     *       "expiresAtMs": 1797776000000,
                     *       "token": "hf_3f9a1c5d7e8b2046_01234567…"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenIssued"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    revokeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. There is no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Problem"];
        };
    };
    device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sealed": false,
                     *       "pn": "…4567@s.whatsapp.net",
                     *       "registrationId": 12345,
                     *       "signedPreKeyId": 1,
                     *       "hasAccount": true,
                     *       "hasPushName": true,
                     *       "platform": "android",
                     *       "appVersion": "2.3000.1029",
                     *       "appVersionLastFetchedMs": 1790000000000,
                     *       "hasPropsHash": true,
                     *       "nextPreKeyId": 831,
                     *       "firstUnuploadedPreKeyId": 831,
                     *       "serverHasPreKeys": true,
                     *       "loginCounter": 12,
                     *       "lidMigrated": true,
                     *       "lastSignedPreKeyRotationMs": 1790000000000,
                     *       "readReceiptsDisabled": false,
                     *       "extraBytes": {}
                     *     }
                     */
                    "application/json": components["schemas"]["Device"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    commandDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "commands": [
                 *         {
                 *           "kind": "setPushName",
                 *           "pushName": "Bot"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CommandRequest"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "open": true,
                     *       "committed": 3,
                     *       "isolated": 0,
                     *       "rows": 3,
                     *       "durationMs": 1.2
                     *     }
                     */
                    "application/json": components["schemas"]["FlushSummary"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    flush: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "open": true,
                     *       "committed": 3,
                     *       "isolated": 0,
                     *       "rows": 3,
                     *       "durationMs": 1.2
                     *     }
                     */
                    "application/json": components["schemas"]["FlushSummary"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    stats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "open": true,
                     *       "limits": {
                     *         "maxBytes": 100000000,
                     *         "maxRows": 200000,
                     *         "requestsPerMinute": 600
                     *       },
                     *       "stored": {
                     *         "bytes": 1482300,
                     *         "rows": 2970
                     *       },
                     *       "account": {
                     *         "dirty": {
                     *           "must": 0,
                     *           "may": 3,
                     *           "bytes": 4512,
                     *           "oldestAgeMs": 2150
                     *         },
                     *         "commits": 41,
                     *         "rowsWritten": 163,
                     *         "ambiguous": 0,
                     *         "flush": {
                     *           "count": 38,
                     *           "lastMs": 1.2,
                     *           "meanMs": 1.4,
                     *           "maxMs": 7.9
                     *         },
                     *         "saver": {
                     *           "state": "idle",
                     *           "consecutiveFailures": 0,
                     *           "isolated": 0,
                     *           "waitingWriters": 0,
                     *           "lastSuccessAtMs": 1790000000000
                     *         },
                     *         "cache": {
                     *           "hits": 980,
                     *           "misses": 20,
                     *           "hitRatio": 0.98,
                     *           "gated": 0
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Stats"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Problem"];
        };
    };
    snapshot: {
        parameters: {
            query?: {
                /** @description `false` shows private keys, and needs the permission `unredacted`. */
                redacted?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "takenAtMs": 1790000000000,
                     *       "device": {
                     *         "sealed": false,
                     *         "pn": "…4567@s.whatsapp.net",
                     *         "registrationId": 12345,
                     *         "signedPreKeyId": 1,
                     *         "hasAccount": true,
                     *         "hasPushName": true,
                     *         "platform": "android",
                     *         "appVersion": "2.3000.1029",
                     *         "appVersionLastFetchedMs": 1790000000000,
                     *         "hasPropsHash": true,
                     *         "nextPreKeyId": 831,
                     *         "firstUnuploadedPreKeyId": 831,
                     *         "serverHasPreKeys": true,
                     *         "loginCounter": 12,
                     *         "lidMigrated": true,
                     *         "lastSignedPreKeyRotationMs": 1790000000000,
                     *         "readReceiptsDisabled": false,
                     *         "extraBytes": {}
                     *       },
                     *       "database": {
                     *         "name": "service",
                     *         "account": "bot-1",
                     *         "accountId": 1,
                     *         "schemaVersion": 12,
                     *         "tables": [
                     *           {
                     *             "table": "session",
                     *             "rows": 214,
                     *             "bytes": 318022
                     *           }
                     *         ]
                     *       },
                     *       "stats": {
                     *         "open": true,
                     *         "limits": {
                     *           "maxBytes": 100000000,
                     *           "maxRows": 200000,
                     *           "requestsPerMinute": 600
                     *         },
                     *         "stored": {
                     *           "bytes": 1482300,
                     *           "rows": 2970
                     *         },
                     *         "account": {
                     *           "dirty": {
                     *             "must": 0,
                     *             "may": 3,
                     *             "bytes": 4512,
                     *             "oldestAgeMs": 2150
                     *           },
                     *           "commits": 41,
                     *           "rowsWritten": 163,
                     *           "ambiguous": 0,
                     *           "flush": {
                     *             "count": 38,
                     *             "lastMs": 1.2,
                     *             "meanMs": 1.4,
                     *             "maxMs": 7.9
                     *           },
                     *           "saver": {
                     *             "state": "idle",
                     *             "consecutiveFailures": 0,
                     *             "isolated": 0,
                     *             "waitingWriters": 0,
                     *             "lastSuccessAtMs": 1790000000000
                     *           },
                     *           "cache": {
                     *             "hits": 980,
                     *             "misses": 20,
                     *             "hitRatio": 0.98,
                     *             "gated": 0
                     *           }
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["Limit"];
            default: components["responses"]["Problem"];
        };
    };
    call: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/vnd.holdfast.call": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.holdfast.call": string;
                };
            };
            400: components["responses"]["Invalid"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["Unsupported"];
            422: components["responses"]["Refused"];
            429: components["responses"]["Limit"];
            507: components["responses"]["Full"];
            default: components["responses"]["Problem"];
        };
    };
    deleteAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the account, percent-encoded. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. There is no body. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            default: components["responses"]["Problem"];
        };
    };
}
