import { type Catalogued, LEVELS } from '../rules/rule.ts'
import { CONFIG_NAME } from './config-file.ts'

/** JSON Schema (2020-12) of the configuration file: the known ids with their titles, so that an editor can offer them. */
export function configSchema(catalogue: readonly Catalogued[]): object {
  const entries = [...catalogue].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${CONFIG_NAME}: what acmescope makes of its rules`,
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      rules: {
        description: 'Levels by id of a rule or a diagnosis. off: it says nothing; else the severest that it gives.',
        type: 'object',
        properties: Object.fromEntries(
          entries.map(({ id, title, severity }) => [id, { description: title, default: severity, enum: LEVELS }]),
        ),
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  }
}
