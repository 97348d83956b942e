import type { JSX } from "preact";
import { type ApiSchema, nameOfReference } from "../api/api_document.ts";
import { Prose } from "../parts/prose.tsx";
import { limitsOf, typeOf } from "../words/schema_words.ts";

/** The type of a schema: a link to the schema that it names, if it names one. */
export function SchemaType({ schema }: { readonly schema: ApiSchema }): JSX.Element {
  const { $ref } = schema;
  if ($ref === undefined) return <>{typeOf(schema)}</>;
  const name = nameOfReference($ref);
  return (
    <a href={`#schema-${name}`}>
      <code>{name}</code>
    </a>
  );
}

interface FieldProps {
  readonly name: string;
  readonly schema: ApiSchema;
  readonly isRequired: boolean;
  /** Where it stands, if that is not a body: `query`. */
  readonly place?: string | undefined;
  /** Takes precedence over the description of the schema. */
  readonly description?: string | undefined;
}

/** A parameter, or a member of an object: its type and limits, what it means, and what is in it. */
export function Field({ name, schema, isRequired, place, description }: FieldProps): JSX.Element {
  const texts = [description, schema.description].filter((text) => text !== undefined);
  return (
    <li>
      <p>
        <code class="field-name">{name}</code>{" "}
        <span class="beside">
          {place !== undefined && `${place}, `}
          <SchemaType schema={schema} />
          {isRequired ? ", required" : ", optional"}
        </span>
      </p>
      {texts.map((text) => (
        <p key={text}>
          <Prose text={text} />
        </p>
      ))}
      <SchemaBody schema={schema} />
    </li>
  );
}

/** The limits of a schema, and its members. */
export function SchemaBody({ schema }: { readonly schema: ApiSchema }): JSX.Element {
  const { additionalProperties, items, oneOf, properties = {}, required = [] } = schema;
  const limits = limitsOf(schema);
  const members = Object.entries(properties);
  const other = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return (
    <>
      {limits.length > 0 && (
        <p class="note">
          <Prose text={limits.join("; ")} />
        </p>
      )}
      {(members.length > 0 || other !== undefined) && (
        <ul class="members">
          {members.map(([name, member]) => (
            <Field key={name} name={name} schema={member} isRequired={required.includes(name)} />
          ))}
          {other !== undefined && <Field name="any other name" schema={other} isRequired={false} />}
        </ul>
      )}
      {items !== undefined && <Inner title="Each item" schema={items} />}
      {oneOf?.map((choice, index) => (
        <Inner key={index} title={`Choice ${index + 1}`} schema={choice} />
      ))}
    </>
  );
}

/** A schema in another one, where its type does not say everything of it. */
function Inner({
  title,
  schema,
}: {
  readonly title: string;
  readonly schema: ApiSchema;
}): JSX.Element | null {
  if (isPlain(schema)) return null;
  return (
    <div class="inner">
      <p class="beside">
        {title}: <SchemaType schema={schema} />
      </p>
      {schema.description !== undefined && (
        <p>
          <Prose text={schema.description} />
        </p>
      )}
      <SchemaBody schema={schema} />
    </div>
  );
}

/** Whether the type of a schema says everything of it. */
function isPlain({ type: _, format: __, items, ...others }: ApiSchema): boolean {
  return Object.keys(others).length === 0 && (items === undefined || isPlain(items));
}
