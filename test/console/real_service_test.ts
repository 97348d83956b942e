/** The pages over `holdfast serve` itself: what the two say to each other, and the policy that the pages get. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { ROOT_TOKEN, ServiceProcess } from "../cli/service_process.ts";
import { errorsOf, startChromium, whyNoChromium } from "../support/chromium/browser.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-pages-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const reason = whyNoChromium();
beforeEach(({ skip }) => skip(reason !== undefined, reason));

test("the pages show a service, follow it live, and retire an account", async () => {
  await using service = await ServiceProcess.start(join(folder, "service.db"));
  for (const name of ["bot", `<img src=x onerror="location='/x'">`])
    await service.request("POST", "/v1/accounts", { body: { name } });
  await using browser = await startChromium();
  const page = await browser.context.newPage();
  const errors = errorsOf(page);
  await page.goto(`${service.url}/#token=${ROOT_TOKEN}`);
  const row = page.getByRole("row", { name: /^bot / });
  await row.getByText("Unused", { exact: true }).waitFor();
  await page.getByText("onerror").waitFor();
  expect(page.url()).not.toContain(ROOT_TOKEN);
  const account = await openAccount({ backend: service.backend("bot"), host: { logger: silentLogger } });
  await account.close();
  // Nothing is clicked: the stream tells it.
  await row.locator(".badge").getByText("Elsewhere").waitFor();
  await page.goto(`${service.url}/#/accounts/bot`);
  await page.getByText("A client elsewhere opened it as owner 1.").waitFor();
  await page.getByRole("button", { name: "Retire" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("bot");
  await dialog.getByRole("button", { name: /retire/i }).click();
  await page
    .getByText(/Retired the account/)
    .first()
    .waitFor();
  await page.goto(`${service.url}/v1/docs`);
  expect(page.url()).toBe(`${service.url}/api.html`);
  await page.getByRole("heading", { name: "Holdfast API" }).waitFor();
  expect(await page.locator("article").count()).toBeGreaterThan(15);
  expect(errors).toEqual([]);
});
