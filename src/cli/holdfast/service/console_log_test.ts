import { expect, test } from "vitest";
import { fakeHost } from "../../../testing/mod.ts";
import { loggedConsole } from "./console_log.ts";

test("logs requests of the console by their routes, refused ones too, and no names", async () => {
  const host = fakeHost();
  const answer = loggedConsole({ answer: async () => new Response("", { status: 401 }) }, host);
  for (const path of [
    "",
    "/accounts",
    "/accounts/secret-name",
    "/accounts/secret-name/actions/erase",
    "/secret-name",
  ])
    await answer(new Request(`http://x/v1/console${path}?token=secret-name`));
  await answer(new Request("http://x/index.html"));
  const log = JSON.stringify(host.logger.entries);
  expect(log).not.toContain("secret-name");
  expect(host.logger.messages("info")).toHaveLength(5);
  for (const route of ["", "/accounts", "/accounts/:account", "/accounts/:account/actions/:action", "/*"])
    expect(log).toContain(`"route":"/v1/console${route}","status":401`);
});
