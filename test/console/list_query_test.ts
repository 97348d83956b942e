import { describe, expect, test } from "vitest";
import { isWanted, orderOf, readQuery, writeQuery } from "../../console/state/list_query.ts";
import { ACTION_WORDS } from "../../console/words/actions.ts";
import { HEALTH_ORDER, type HealthCounts, verdictOf } from "../../console/words/health.ts";
import { eachHealth, manyAccounts } from "./made_accounts.ts";

const queryOf = (text: string) => readQuery(new URLSearchParams(text));

describe("readQuery", () => {
  test("takes back what writeQuery has written", () => {
    const query = queryOf("q=faro&health=failing,late&sort=limit-down&page=7");
    expect(query).toEqual({
      text: "faro",
      health: ["failing", "late"],
      sort: "limit",
      isDescending: true,
      page: 7,
    });
    expect(queryOf(writeQuery(query).toString())).toEqual(query);
    expect(writeQuery(queryOf("")).toString()).toBe("");
  });

  test("leaves out what is not valid", () => {
    expect(queryOf("health=bad,<b>&sort=secret-up&page=-1&page=2")).toEqual(queryOf(""));
    expect(queryOf("page=1e99").page).toBe(1);
  });
});

describe("orderOf", () => {
  const rows = eachHealth();

  test("begins with the worst, and sorts equal ones by name", () => {
    const order = orderOf(rows, queryOf(""));
    expect(order.slice(0, 3)).toEqual(["bot-lisbon", "bot-porto", "bot-faro"]);
    expect(order.at(-1)).toBe("bot-new");
    expect(orderOf(manyAccounts(12).reverse(), queryOf("health=ok")).slice(0, 2)).toEqual([
      "bot-00001",
      "bot-00002",
    ]);
  });

  test("puts rows without a value last, in both directions", () => {
    for (const sort of ["dirty", "dirty-down"]) {
      const order = orderOf(rows, queryOf(`sort=${sort}`));
      const values = order.map((name) => rows.find((row) => row.name === name)?.oldestDirtyAtMs);
      const firstMissing = values.indexOf(undefined);
      expect(firstMissing).toBeGreaterThan(1);
      expect(values.slice(firstMissing).every((value) => value === undefined)).toBe(true);
    }
  });
});

describe("isWanted", () => {
  test("looks for every word, in names, numbers and reasons", () => {
    const [row] = eachHealth();
    if (row === undefined) throw new Error("no row");
    expect(isWanted(row, queryOf("q=LISBON damaged"))).toBe(true);
    expect(isWanted(row, queryOf("q=lisbon porto"))).toBe(false);
    expect(isWanted(row, queryOf(`q=${row.phone?.slice(1)}`))).toBe(true);
    expect(isWanted(row, queryOf("q=lisbon&health=ok"))).toBe(false);
  });
});

describe("verdictOf", () => {
  const counts = (some: Partial<HealthCounts>): HealthCounts =>
    ({ ...Object.fromEntries(HEALTH_ORDER.map((health) => [health, 0])), ...some }) as HealthCounts;

  test("says first how many accounts need somebody", () => {
    expect(verdictOf(counts({ ok: 9, failing: 1, late: 2 }))).toEqual({
      urgency: "act",
      headline: "One account needs you",
      detail: "12 accounts: 1 failing, 2 late, 9 open here and saved in time.",
    });
    expect(verdictOf(counts({ ok: 9, late: 2 })).headline).toBe("2 accounts to watch");
  });

  test("says that all is well only where it is known", () => {
    expect(verdictOf(counts({ ok: 3, unused: 1 }))).toMatchObject({
      urgency: "calm",
      headline: "All is well",
    });
    expect(verdictOf(counts({ unknown: 3 })).headline).toBe("3 accounts");
    expect(verdictOf(counts({ ok: 1, unknown: 3 }))).toEqual({
      urgency: "unknown",
      headline: "What was asked was well",
      detail: "4 accounts: 1 open here and saved in time, 3 not asked.",
    });
  });

  test("says of accounts elsewhere that their saving is not visible", () => {
    expect(verdictOf(counts({ ok: 3, elsewhere: 2 }))).toEqual({
      urgency: "unknown",
      headline: "No damage found. 2 accounts run elsewhere: their saving is not visible here",
      detail: "5 accounts: 3 open here and saved in time, 2 elsewhere.",
    });
    expect(verdictOf(counts({ elsewhere: 1 })).headline).toBe(
      "No damage found. One account runs elsewhere: its saving is not visible here",
    );
    expect(verdictOf(counts({ elsewhere: 1, unknown: 1 })).headline).toMatch(
      /^No damage found in what was asked\. /,
    );
    expect(verdictOf(counts({ elsewhere: 2, late: 1 })).headline).toBe("One account to watch");
    expect(verdictOf(counts({ elsewhere: 2, damaged: 1 })).headline).toBe("One account needs you");
  });

  test("says when accounts were asked, and nothing of the present", () => {
    const at = (minutes: number): number => new Date(2026, 10, 3, 9, minutes).getTime();
    expect(verdictOf(counts({ ok: 1 }), { fromMs: at(30), toMs: at(30) })).toEqual({
      urgency: "unknown",
      headline: "All was well when asked",
      detail: "1 account: 1 open here and saved in time. Asked at 09:30.",
    });
    expect(verdictOf(counts({ failing: 1 }), { fromMs: at(30), toMs: at(41) }).detail).toMatch(
      / Asked from 09:30 to 09:41\.$/,
    );
  });
});

describe("the words of erase", () => {
  test("say that what was retired before is lost", () => {
    expect(ACTION_WORDS.erase.lost.join(" ")).toContain("retired before");
  });
});
