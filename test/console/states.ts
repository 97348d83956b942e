import type { Page } from "playwright-core";
import type { ConsoleTab } from "./console_world.ts";
import { allWell, eachHealth, manyAccounts, NOW_MS } from "./made_accounts.ts";
import type { MadeService } from "./made_service.ts";

/** A state of the console: how to come to it. */
export interface ConsoleState {
  readonly name: string;
  readonly reach: (tab: ConsoleTab, service: MadeService) => Promise<void>;
}

const D = 86_400_000;

const TOKENS: MadeService["state"]["tokens"] = [
  {
    id: "00112233aabbccdd",
    account: "bot-porto",
    permissions: ["account"],
    label: "porto, production",
    createdAtMs: NOW_MS - 60 * D,
    lastUsedAtMs: NOW_MS - 30_000,
    expiresAtMs: NOW_MS + 3 * D,
  },
  {
    id: "00112233aabbccde",
    account: null,
    permissions: ["admin"],
    label: "grafana",
    createdAtMs: NOW_MS - 33 * D,
    lastUsedAtMs: NOW_MS - 18 * 60_000,
  },
  {
    id: "00112233aabbccdf",
    account: "bot-faro",
    permissions: ["account", "erase"],
    label: "",
    createdAtMs: NOW_MS - 25 * D,
    expiresAtMs: NOW_MS - 22 * D,
  },
];

const FINDINGS = [
  {
    where: "session …0017.0",
    text: "field 3 is cut off",
    advice: "Nothing: the peer sets up a new session with its next message.",
  },
];

/** Puts a service back to how it is at first. */
export function reset(service: MadeService): void {
  Object.assign(service.state, {
    info: {},
    rows: eachHealth(),
    tokens: TOKENS,
    hasConsole: true,
    verified: Promise.resolve(),
    fault: "none",
    faultyPaths: /./,
    refusals: {},
    pagePauseMs: 0,
    findings: FINDINGS,
  });
}

async function signedOut(page: Page, service: MadeService): Promise<void> {
  await page.goto(service.url);
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
}

const account =
  (name: string): ConsoleState["reach"] =>
  async ({ page, visit }) => {
    await visit(`#/accounts/${encodeURIComponent(name)}`);
    await page.getByRole("heading", { level: 1, name }).waitFor();
  };

const action =
  (name: string, button: string): ConsoleState["reach"] =>
  async (tab, service) => {
    await account(name)(tab, service);
    await tab.page.getByRole("button", { name: button }).first().click();
    await tab.page.getByRole("dialog").waitFor();
  };

/** Every page, and every state that it can be in. */
export const STATES: readonly ConsoleState[] = [
  {
    name: "sign-in",
    reach: async ({ page }, service) => await signedOut(page, service),
  },
  {
    name: "sign-in-refused",
    async reach({ page }, service) {
      await signedOut(page, service);
      await page.getByLabel("Token", { exact: true }).fill("not-the-token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("The service does not accept this token.").waitFor();
    },
  },
  {
    name: "unreachable",
    async reach({ page, visit }, service) {
      await visit("#/");
      service.state.fault = "failing";
      await page.reload();
      await page.getByText("The service cannot answer").waitFor();
    },
  },
  {
    name: "accounts",
    async reach({ page, visit }) {
      await visit("#/accounts");
      await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    },
  },
  {
    name: "accounts-well",
    async reach({ page, visit }, service) {
      service.state.rows = allWell();
      await visit("#/accounts");
      await page.getByRole("heading", { name: "All is well" }).waitFor();
    },
  },
  {
    name: "accounts-10000",
    async reach({ page, visit }, service) {
      service.state.rows = manyAccounts(10_000);
      await visit("#/accounts?page=3&sort=name");
      await page.getByText("201–300 of 10,000").waitFor();
    },
  },
  {
    name: "accounts-empty",
    async reach({ page, visit }, service) {
      service.state.rows = [];
      await visit("#/accounts");
      await page.getByText("There are no accounts yet").waitFor();
    },
  },
  {
    name: "accounts-no-match",
    async reach({ page, visit }) {
      await visit("#/accounts?q=nobody");
      await page.getByText("No account fits").waitFor();
    },
  },
  {
    name: "accounts-loading",
    async reach({ page, visit }, service) {
      service.state.fault = "silent";
      service.state.faultyPaths = /\/accounts/;
      await visit("#/accounts");
      await page.getByText("Reading the accounts").waitFor({ state: "attached" });
    },
  },
  {
    name: "accounts-failing",
    async reach({ page, visit }, service) {
      service.state.fault = "failing";
      service.state.faultyPaths = /\/accounts/;
      await visit("#/accounts");
      await page.getByText("The accounts cannot be read").waitFor();
    },
  },
  {
    name: "accounts-offline",
    async reach({ page, visit }, service) {
      await visit("#/accounts");
      await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
      service.state.fault = "cut";
      service.cutStreams();
      await page.getByRole("heading", { name: "No connection" }).waitFor();
    },
  },
  {
    name: "accounts-basic",
    async reach({ page, visit }, service) {
      service.state.hasConsole = false;
      await visit("#/accounts");
      await page.locator('tr[data-account="bot-porto"] .badge.is-failing').waitFor();
    },
  },
  { name: "account-failing", reach: account("bot-porto") },
  { name: "account-damaged", reach: account("bot-lisbon") },
  { name: "account-fenced", reach: account("bot-faro") },
  { name: "account-limited", reach: account("bot-setubal") },
  { name: "account-slowed", reach: account("support/eu-1") },
  { name: "account-unused", reach: account("bot-new") },
  {
    name: "account-read-only",
    async reach(tab, service) {
      service.state.info = { kind: "file", shown: "/srv/bots.db", readOnly: true, actions: [], live: false };
      await account("bot-porto")(tab, service);
    },
  },
  {
    name: "account-absent",
    async reach({ page, visit }) {
      await visit("#/accounts/nobody");
      await page.getByText("There is no account of this name").waitFor();
    },
  },
  {
    name: "account-offline",
    async reach(tab, service) {
      await account("bot-porto")(tab, service);
      await tab.page.getByText("Live", { exact: true }).waitFor();
      service.state.fault = "cut";
      service.cutStreams();
      await tab.page.getByText("No connection to the service.").waitFor();
    },
  },
  { name: "flush", reach: action("bot-porto", "Flush") },
  { name: "limit", reach: action("bot-setubal", "Limits") },
  { name: "erase", reach: action("bot-faro", "Erase") },
  { name: "restore", reach: action("bot-porto", "Restore") },
  {
    name: "tokens",
    async reach({ page, visit }) {
      await visit("#/tokens");
      await page.getByText("porto, production").first().waitFor();
    },
  },
  {
    name: "tokens-empty",
    async reach({ page, visit }, service) {
      service.state.tokens = [];
      await visit("#/help");
      await visit("#/tokens");
      await page.getByText("No token was issued yet").waitFor();
    },
  },
  {
    name: "token-issue",
    async reach({ page, visit }) {
      await visit("#/tokens");
      await page.getByRole("button", { name: "Issue a token" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "token-new",
    async reach({ page, visit }) {
      await visit("#/tokens");
      await page.getByRole("button", { name: "Issue a token" }).click();
      await page.getByRole("button", { name: "Issue", exact: true }).click();
      await page.getByText("This is the only time").waitFor();
    },
  },
  {
    name: "verify",
    async reach({ page, visit }) {
      await visit("#/accounts/bot-lisbon/verify");
      await page.getByRole("button", { name: "Verify" }).click();
      await page.getByRole("heading", { name: "Findings" }).waitFor();
    },
  },
  {
    name: "help",
    async reach({ page, visit }) {
      await visit("#/help");
      await page.getByRole("heading", { name: "What each health means" }).waitFor();
    },
  },
  {
    name: "missing",
    async reach({ page, visit }) {
      await visit("#/nowhere");
      await page.getByText("There is no such page").waitFor();
    },
  },
];
