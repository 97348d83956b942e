import { expect, test } from "vitest";
import { Refusals } from "./refusals.ts";

test("Refusals.text counts each limit", () => {
  const refusals = new Refusals();
  refusals.count("maxRows");
  refusals.count("maxRows");
  expect(refusals.text()).toBe(
    [
      "# HELP holdfast_refused_requests_total Requests that a limit of their account refused.",
      "# TYPE holdfast_refused_requests_total counter",
      'holdfast_refused_requests_total{limit="requestsPerMinute"} 0',
      'holdfast_refused_requests_total{limit="maxBytes"} 0',
      'holdfast_refused_requests_total{limit="maxRows"} 2',
      "",
    ].join("\n"),
  );
});
