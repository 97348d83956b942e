import { docstringExamples } from "../docstring_examples.mjs";

for (const { name, url, isRun } of docstringExamples("deno")) {
  if (isRun) Deno.test(`example ${name}`, async () => void (await import(url)));
}
