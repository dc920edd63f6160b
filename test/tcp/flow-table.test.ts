import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { newSegment, type Segment } from '../../src/net/segment.ts'
import { FlowTable } from '../../src/tcp/flow-table.ts'
import { random } from '../capture/building.ts'

function segmentOf(family: 4 | 6, source: number, sourcePort: number, destination: number, destinationPort: number): Segment {
  const address = family === 4 ? [source, 0, 0, 0, destination, 0, 0, 0] : [1, 2, 3, source, 1, 2, 3, destination]
  return { ...newSegment(), family, address: Int32Array.from(address), sourcePort, destinationPort }
}

function reverse(segment: Segment): Segment {
  const address = Int32Array.from([...segment.address.subarray(4), ...segment.address.subarray(0, 4)])
  return { ...segment, address, sourcePort: segment.destinationPort, destinationPort: segment.sourcePort }
}

for (const family of [4, 6] as const)
  test(`the table of IPv${family} flows behaves like a Map of strings`, (t) => {
    const next = random(family)
    const table = new FlowTable(family)
    const model = new Map<string, { state: number; initial: number }>()
    for (let step = 0; step < 60_000; step++) {
      const segment = segmentOf(family, next(40), 1 + next(60), 100 + next(3), 443)
      const key = [segment.address, segment.sourcePort].join()
      const turned = next(2) === 0
      const at = table.find(turned ? reverse(segment) : segment)
      const known = model.get(key)
      if (at >= 0 !== (known !== undefined)) t.fail(`step ${step}: ${key}`)
      // The end with the lower address is the first of the key.
      if (table.reversed !== turned) t.fail(`step ${step}: reversed`)
      if (at < 0) {
        const place = table.insert(at, turned ? reverse(segment) : segment, step + 1)
        table.setInitial(place, 1, step * 65_537)
        model.set(key, { state: step + 1, initial: (step * 65_537) | 0 })
      } else if (next(3) === 0) {
        if (next(2) === 0) table.remove(at)
        else {
          table.close(at)
          if (!table.wasClosed(turned ? reverse(segment) : segment)) t.fail(`step ${step}: not remembered`)
        }
        model.delete(key)
      } else if (table.state(at) !== known?.state || table.initial(at, 1) !== known.initial) t.fail(`step ${step}: ${key}`)
      if (table.size !== model.size) t.fail(`step ${step}: size`)
    }
    t.true(model.size > 1000)
  })

test('equal addresses are told apart by their ports', (t) => {
  const table = new FlowTable(4)
  const segment = segmentOf(4, 7, 80, 7, 5000)
  const at = table.insert(table.find(segment), segment, 1)
  t.is(table.find(reverse(segment)), at)
  t.true(table.reversed)
  t.true(table.find(segmentOf(4, 7, 81, 7, 5000)) < 0)
})

test('what was never closed is not remembered as closed', (t) => {
  const table = new FlowTable(6)
  const segment = segmentOf(6, 0, 0, 0, 0)
  t.true(table.find(segment) < 0)
  t.false(table.wasClosed(segment))
})

test.serial('a rejected live flow costs at most 64 octets, and is found again', (t) => {
  const table = new FlowTable(4)
  const segment = segmentOf(4, 0, 0, 0x5db80001, 443)
  const fill = (count: number) => {
    for (let flow = 0; flow < count; flow++) {
      segment.address[0] = 0x0a000000 + (flow >>> 8) * 256
      segment.sourcePort = 1024 + (flow & 255)
      const at = table.find(segment)
      if (at < 0) table.insert(at, segment, 1)
    }
  }
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const empty = process.memoryUsage().arrayBuffers
  fill(400_000)
  t.is(table.size, 400_000)
  // Memory that a collection frees is given back on another thread; the next one waits for that.
  collect()
  collect()
  t.true((process.memoryUsage().arrayBuffers - empty) / table.size <= 64)
  fill(400_000)
  t.is(table.size, 400_000)
})
