import { type Micros, rfc3339Micros } from '../../core/time.ts'
import type { Statement } from '../facts.ts'
import { listAt, textAt } from '../fields.ts'
import { type Match, type TrafficIndex, WINDOW } from '../traffic-index.ts'
import type { KubernetesEvent, KubernetesObject } from './objects.ts'

/** Statements kept of one object, and of each the length that is kept. */
const MAX_STATEMENTS = 50
const MAX_TEXT = 4000

/** What an object and its events say in words, each matched to the requests that it is about. */
export function statementsOf(object: KubernetesObject, events: readonly KubernetesEvent[], index: TrafficIndex): Statement[] {
  return [...conditions(object, index), ...reason(object, index), ...events.map((event) => noted(event, index))]
    .slice(0, MAX_STATEMENTS)
    .sort((a, b) => (a.time ?? 0) - (b.time ?? 0))
}

/** When a condition changed last. Its message may be younger: it changes without the time when True stays True and False stays False. */
function conditions({ kind, document }: KubernetesObject, index: TrafficIndex): Statement[] {
  return listAt(document, 'status', 'conditions').flatMap((condition) => {
    const type = textAt(condition, 'type')
    const status = textAt(condition, 'status')
    const text = [textAt(condition, 'reason'), textAt(condition, 'message')].filter((part) => part !== null).join(': ')
    if (type === null || status === null || text === '') return []
    const time = rfc3339Micros(textAt(condition, 'lastTransitionTime'))
    const failure = isFailure(type, status, text)
    const late = time !== null && time > index.last + WINDOW
    const registered = kind.endsWith('Issuer') && type === 'Ready' && status === 'True'
    const match = late ? null : registered ? registration(time, text, index) : quotation(time, text, index)
    return [{ source: `condition ${type}=${status}`, time, text: text.slice(0, MAX_TEXT), failure, match }]
  })
}

/** Ready turns True at the end of registration and stays so: only then its time is that of a request. */
function registration(time: Micros | null, text: string, index: TrafficIndex): Match | null {
  return time === null ? null : index.at(time, text, false)
}

/** The answer it quotes, that which came at the time of the change if there is one. */
function quotation(time: Micros | null, text: string, index: TrafficIndex): Match | null {
  const then = time === null ? null : index.at(time, text, true)
  return then?.by === 'problem' ? then : index.about(text)
}

function isFailure(type: string, status: string, text: string): boolean {
  if (status === 'True') return type === 'InvalidRequest' || type === 'Denied'
  return FAILURE.test(text)
}

const FAILURE = /\bErr[A-Z]|\b(?:err|error|errored|fail|failed|failure|invalid|denied|refused|timeout)\b|\b[45]\d\d urn:/i

function reason({ document }: KubernetesObject, index: TrafficIndex): Statement[] {
  const text = textAt(document, 'status', 'reason')
  if (text === null) return []
  const time = rfc3339Micros(textAt(document, 'status', 'failureTime'))
  const state = textAt(document, 'status', 'state')
  const failure = time !== null || state === 'invalid' || state === 'errored' || FAILURE.test(text)
  const match = time === null ? index.about(text) : index.at(time, text, true)
  return [{ source: 'status.reason', time, text: text.slice(0, MAX_TEXT), failure, match }]
}

function noted({ reason: word, message, time }: KubernetesEvent, index: TrafficIndex): Statement {
  const failure = FAILURE.test(`${word ?? ''} ${message}`)
  const match = time === null ? index.about(message) : index.at(time, message, failure)
  return { source: word === null ? 'event' : `event ${word}`, time, text: message.slice(0, MAX_TEXT), failure, match }
}
