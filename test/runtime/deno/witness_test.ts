import { checkWitnessedFile, WITNESSED_WAYS } from "../../kit/witnessed_file.ts";

for (const [name, open] of WITNESSED_WAYS)
  Deno.test(`${name} notices copies and replaced files`, () => checkWitnessedFile(open));
