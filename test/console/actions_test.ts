/** What a person changes in the console, and how it is refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ActionName } from "../../src/console/model.ts";
import { startChromium, type TestBrowser, whyNoChromium } from "../support/chromium/browser.ts";
import { type ConsoleTab, openTab } from "./console_world.ts";
import { MadeService, TOKEN } from "./made_service.ts";
import { reset } from "./states.ts";

const reason = whyNoChromium();

let browser: TestBrowser;
let service: MadeService;
let tab: ConsoleTab;

beforeAll(async () => {
  if (reason !== undefined) return;
  service = await MadeService.start();
  reset(service);
  browser = await startChromium();
  tab = await openTab(browser.context, service);
});

afterAll(async () => {
  if (reason !== undefined) return;
  await browser[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

beforeEach(async ({ skip }) => {
  skip(reason !== undefined, reason);
  reset(service);
  service.requests.length = 0;
  await tab.page.goto("about:blank");
});

interface Case {
  readonly action: ActionName;
  readonly account: string;
  /** The button that opens the dialog, and the one in it. */
  readonly open: string;
  readonly confirm: string;
  readonly isTyped: boolean;
  /** What is sent besides the name. */
  readonly id?: string;
}

const CASES: readonly Case[] = [
  { action: "flush", account: "bot-porto", open: "Flush", confirm: "Flush now", isTyped: false },
  { action: "backup", account: "bot-porto", open: "Back up", confirm: "Back up now", isTyped: false },
  { action: "takeOver", account: "bot-aveiro", open: "Take over", confirm: "Take over", isTyped: true },
  {
    action: "restore",
    account: "bot-porto",
    open: "Restore the backup of 2026-11-02 02:30:00",
    confirm: "Restore this backup",
    isTyped: true,
    id: "2026-11-02T02-11-00Z.holdfast",
  },
  { action: "retire", account: "bot-porto", open: "Retire", confirm: "Retire", isTyped: true },
  {
    action: "undo",
    account: "bot-porto",
    open: "Bring back r-58c1",
    confirm: "Bring back",
    isTyped: false,
    id: "r-58c1",
  },
  { action: "erase", account: "bot-faro", open: "Erase", confirm: "Erase for good", isTyped: true },
];

const sentChanges = (): string[] => service.requests.filter((request) => /^(POST|PUT|DELETE)/.test(request));

describe.each(CASES)("action $action", ({ action, account, open, confirm, isTyped, id }) => {
  test("says what is kept, is refused, and is done", async () => {
    const { page } = tab;
    await tab.visit(`#/accounts/${account}`);
    const opener = page.getByRole("button", { name: open, exact: true });
    await opener.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("heading", { name: "What is kept" }).waitFor();
    expect(await dialog.getByRole("heading", { name: "What is lost" }).count()).toBe(isTyped ? 1 : 0);
    const button = dialog.getByRole("button", { name: confirm, exact: true });

    if (isTyped) {
      const field = dialog.getByLabel(`Type ${account} to go on`);
      await field.fill(`${account} `);
      await button.click();
      await dialog.getByText("This is not the name of the account. Nothing was done.").waitFor();
      expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
      await field.fill(account);
    }
    expect(sentChanges()).toEqual([]);

    service.state.refusals = { [action]: `${action}: an owner lives` };
    await button.click();
    const refusal = action.charAt(0).toUpperCase() + action.slice(1);
    await dialog.getByText(`${refusal}: an owner lives.`).waitFor();
    await dialog.getByText("Request 1f0c9a7be2d4.").waitFor();

    service.state.refusals = {};
    await button.click();
    await page.getByText(`Done: ${action} of ${account}.`).first().waitFor();
    expect(await dialog.count()).toBe(0);
    const body = JSON.stringify({ confirm: account, ...(id === undefined ? {} : { id }) });
    expect(sentChanges().at(-1)).toBe(`POST /v1/console/accounts/${account}/actions/${action} ${body}`);
    // Who is left with an account that is gone would ask for it in vain.
    const isGone = action === "erase" || action === "retire";
    await page.waitForURL(isGone ? /#\/accounts$/ : /#\/accounts\/bot-/);
    expect(tab.errors).toEqual([]);
  });
});

describe("action limit", () => {
  test("asks for the limits, says what is wrong with them, and sets them", async () => {
    const { page } = tab;
    await tab.visit("#/accounts/bot-setubal");
    await page.getByText("100 MB of 100 MB").waitFor();
    await page.getByRole("button", { name: "Limits", exact: true }).click();
    const dialog = page.getByRole("dialog");
    const [size, rows] = [dialog.getByLabel("Stored bytes"), dialog.getByLabel("Stored rows")];
    expect(await size.inputValue()).toBe("100000000");
    await size.fill(" 250000000 ");
    await rows.fill("many");
    const set = dialog.getByRole("button", { name: "Set the limits" });
    await set.click();
    await dialog.getByText("Stored rows: type a number of 0 or more, or nothing.").waitFor();
    expect(await rows.getAttribute("aria-invalid")).toBe("true");
    await rows.fill("");
    await dialog.getByLabel("Requests a minute").fill("0");
    await set.click();
    await dialog.getByText("Requests a minute: type a number of 1 or more, or nothing.").waitFor();
    expect(sentChanges()).toEqual([]);
    await dialog.getByLabel("Requests a minute").fill("600");
    await set.click();
    await page.getByText("Done: limit of bot-setubal.").first().waitFor();
    const limits = { maxBytes: 250_000_000, requestsPerMinute: 600 };
    expect(sentChanges()).toEqual([
      `POST /v1/console/accounts/bot-setubal/actions/limit ${JSON.stringify({ confirm: "bot-setubal", limits })}`,
    ]);
    // They are shown without a click.
    await page.locator("dd").getByText("600", { exact: true }).waitFor();
    expect(tab.errors).toEqual([]);
  });

  test("over the basic API replaces the limits of the account", async () => {
    service.state.hasConsole = false;
    const { page } = tab;
    await tab.visit("#/accounts/bot-setubal");
    await page.getByText("At its limit", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Limits", exact: true }).click();
    const dialog = page.getByRole("dialog");
    for (const name of ["Stored bytes", "Stored rows"]) await dialog.getByLabel(name).fill("");
    await dialog.getByRole("button", { name: "Set the limits" }).click();
    await page.getByText("Set the limits of bot-setubal.").first().waitFor();
    expect(sentChanges()).toEqual(["PUT /v1/accounts/bot-setubal/limits {}"]);
  });
});

describe("limits in the list", () => {
  test("have a column where an account has some, by which it is sorted", async () => {
    const { page } = tab;
    await tab.visit("#/accounts?sort=limit");
    const names = page.locator("tbody .account-name");
    await names.first().waitFor();
    expect((await names.allTextContents()).slice(0, 3)).toEqual([
      "bot-setubal",
      "support/eu-1",
      "bot-aveiro",
    ]);
    const meter = page.getByRole("meter", { name: "Stored bytes: 83.4 MB of 100 MB" });
    expect(await meter.evaluate((element) => (element as HTMLMeterElement).value)).toBeCloseTo(0.834, 3);
    await page.getByText("not measured").waitFor({ state: "attached" });
    service.state.rows = service.state.rows.map((row) => ({ ...row, limits: undefined }));
    await tab.visit("#/accounts?sort=name");
    await page.reload();
    await names.first().waitFor();
    expect(await page.getByRole("columnheader", { name: "Limit used" }).count()).toBe(0);
    expect(await page.getByRole("meter").count()).toBe(0);
  });
});

describe("actions", () => {
  test("are absent in read-only, and where the service offers none", async () => {
    service.state.info = { kind: "file", readOnly: true, actions: [], live: false };
    await tab.visit("#/accounts/bot-porto");
    await tab.page.getByText("Read-only: nothing can be changed here.").waitFor();
    const buttons = await tab.page.getByRole("button").allTextContents();
    expect(buttons.sort()).toEqual(["Pause", "Sign out", "To the content"]);
    expect(await tab.page.getByRole("link", { name: "Tokens" }).count()).toBe(0);
  });

  test("over the basic API are those that the admin token may do", async () => {
    service.state.hasConsole = false;
    const { page } = tab;
    await tab.visit("#/accounts/bot-porto");
    await page.getByRole("button", { name: "Erase" }).click();
    expect(await page.getByRole("button", { name: "Flush" }).count()).toBe(0);
    await page.getByLabel("Type bot-porto to go on").fill("bot-porto");
    await page.getByRole("button", { name: "Erase for good" }).click();
    await page.getByText("Erased bot-porto.").first().waitFor();
    expect(sentChanges()).toEqual(["DELETE /v1/accounts/bot-porto"]);
  });

  test("whose answer is lost say that the outcome is not known", async () => {
    const { page } = tab;
    await tab.visit("#/accounts/bot-porto");
    await page.getByRole("button", { name: "Flush" }).click();
    service.state.fault = "cut";
    await page.getByRole("button", { name: "Flush now" }).click();
    await page.getByText("It is not known whether it was done").waitFor();
  });
});

describe("tokens", () => {
  test("are issued, shown once and copied", async () => {
    const { page } = tab;
    await tab.visit("#/tokens");
    await page.getByRole("button", { name: "Issue a token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Label, for people").fill("faro, staging");
    await dialog.getByLabel("Account. Empty: all accounts").fill("nobody");
    await dialog.getByLabel("admin").check();
    await dialog.getByRole("button", { name: "Issue", exact: true }).click();
    await dialog.getByText("A token with admin cannot be limited to an account").waitFor();
    await dialog.getByLabel("admin").uncheck();
    await dialog.getByRole("button", { name: "Issue", exact: true }).click();
    await dialog.getByText("Issue token: no such account.").waitFor();
    await dialog.getByLabel("Account. Empty: all accounts").fill("bot-faro");
    await dialog.getByLabel("Expires").selectOption("In 30 days");
    await dialog.getByRole("button", { name: "Issue", exact: true }).click();
    const token = await dialog.getByLabel("New token").inputValue();
    await dialog.getByRole("button", { name: "Copy" }).click();
    await dialog.getByText("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("rowheader", { name: "faro, staging" }).waitFor();
    expect(await page.content()).not.toContain(token);
    expect(sentChanges().at(-1)).toBe(
      'POST /v1/tokens {"permissions":["account"],"label":"faro, staging","account":"bot-faro","expiresInS":2592000}',
    );
  });

  test("are rotated without a time in which there is none", async () => {
    const { page } = tab;
    await tab.visit("#/tokens");
    await page.getByRole("button", { name: "Rotate porto, production" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Issue the new token" }).click();
    await dialog.getByLabel("New token").waitFor();
    expect(
      service.state.tokens.map(({ label }) => label).filter((label) => label.startsWith("porto")),
    ).toHaveLength(2);
    await dialog.getByRole("button", { name: "Revoke the old one" }).click();
    await page.getByText("Rotated porto, production. The old token is revoked.").first().waitFor();
    expect(sentChanges()).toEqual([
      'POST /v1/tokens {"permissions":["account"],"label":"porto, production","account":"bot-porto","expiresInS":5443200}',
      "DELETE /v1/tokens/00112233aabbccdd",
    ]);
  });

  test("are revoked when their name was typed", async () => {
    const { page } = tab;
    await tab.visit("#/tokens");
    await page.getByRole("button", { name: "Revoke grafana" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await dialog.getByText("This is not the name of the token. It is not revoked.").waitFor();
    const field = dialog.getByLabel("Type grafana to go on");
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    await dialog.locator(`#${await field.getAttribute("aria-describedby")}`).waitFor();
    expect(sentChanges()).toEqual([]);
    // Another token may have the same label.
    await dialog.getByText("00112233aabbccde").waitFor();
    await dialog.getByText("2026-10-01").waitFor();
    await dialog.getByText("Last used").waitFor();
    await field.fill("grafana");
    service.state.fault = "cut";
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await dialog.getByText("It is not known whether it was done: look at the list of tokens").waitFor();
    service.state.fault = "none";
    await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("Revoked grafana.").first().waitFor();
    await page.getByRole("rowheader", { name: "grafana" }).waitFor({ state: "detached" });
  });
});

describe("a session", () => {
  test("keeps the token out of the address, and forgets it", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    expect(page.url()).not.toContain("token");
    expect(await page.evaluate(() => ({ ...sessionStorage }))).toEqual({ "holdfast.token": TOKEN });
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  test("begins anew with a token that is pasted into the address of an open tab", async () => {
    const { page } = tab;
    await tab.visit("#/help");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
    // What a browser does when only the fragment of the address is changed.
    await page.evaluate((token) => {
      location.hash = `#token=${token}`;
    }, TOKEN);
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    expect(page.url()).toBe(`${service.url}#/`);
    await page.goBack();
    expect(page.url()).toBe(`${service.url}#/help`);
    await page.goForward();
    expect(page.url()).toBe(`${service.url}#/`);
    expect(tab.errors).toEqual([]);
  });

  test("ends when the token is not accepted any more", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await page.getByText("Live", { exact: true }).waitFor();
    service.state.fault = "unauthorized";
    service.cutStreams();
    await page.getByText("The service does not accept this token.").waitFor();
    expect(await page.getByText("bot-porto").count()).toBe(0);
  });
});
