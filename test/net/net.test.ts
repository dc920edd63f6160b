import test from 'ava'
import { decodeIpv4, newIpPacket } from '../../src/net/ip.ts'
import { LINK_TYPES } from '../../src/net/link.ts'
import { linkTypeLabel } from '../../src/net/link-names.ts'
import type { Segment } from '../../src/net/segment.ts'
import { BIG, hex, LITTLE, octets, random } from '../capture/building.ts'
import { decode, ethernet, type Ipv4Fields, ipv4, ipv6, type TestFrame, tcp, udp } from './building.ts'

const TCP = 6
const SEGMENT = tcp('68656c6c6f')
const PACKET = ipv4(TCP, SEGMENT)
const PACKET6 = ipv6(TCP, SEGMENT)
const FRAME = ethernet(0x0800, PACKET)

/** The segment in SEGMENT, in words. */
function inWords(segment: Segment | undefined): string {
  if (segment === undefined) return 'nothing'
  const words = [...segment.address].map((word) => (word >>> 0).toString(16)).join(' ')
  const { family, sourcePort, destinationPort, sequence, acknowledgment, flags, payloadLength } = segment
  return `${family} ${words} ${sourcePort}>${destinationPort} ${sequence} ${acknowledgment} ${flags} ${payloadLength} ${hex(segment.bytes)}`
}

const WORDS = '4 c0000201 0 0 0 c6336402 0 0 0 40000>443 1000 2000 24 5 68656c6c6f'
const WORDS6 = '6 20010db8 0 0 1 20010db8 0 0 ffff 40000>443 1000 2000 24 5 68656c6c6f'

const nflogAttribute = (little: boolean, type: number, payload: Uint8Array) => {
  const order = little ? LITTLE : BIG
  return octets(order.u16(4 + payload.length), order.u16(type), payload, new Uint8Array(-payload.length & 3))
}
const nflog = (little: boolean, family: string, packet: Uint8Array) =>
  octets(family, '00 002a', nflogAttribute(little, 10, octets('00')), nflogAttribute(little, 9, packet))

const linkFrames: Readonly<Record<number, readonly (readonly [Uint8Array, string])[]>> = {
  0: [
    [octets('02000000', PACKET), WORDS],
    [octets('00000002', PACKET), WORDS],
    ...['0a', '17', '18', '1c', '1e'].map((family) => [octets(family, '000000', PACKET6), WORDS6] as const),
    [octets('0000001e', PACKET6), WORDS6],
    [octets('07000000', PACKET), 'nothing'],
  ],
  1: [
    [FRAME, WORDS],
    [ethernet(0x86dd, PACKET6), WORDS6],
    [ethernet(0x0806, new Uint8Array(28)), 'nothing'],
  ],
  12: [[PACKET, WORDS]],
  14: [[PACKET6, WORDS6]],
  101: [
    [PACKET, WORDS],
    [PACKET6, WORDS6],
  ],
  108: [
    [octets('00000002', PACKET), WORDS],
    [octets('00000018', PACKET6), WORDS6],
  ],
  113: [[octets('0004 0001 0006 020000000001 0000 0800', PACKET), WORDS]],
  129: [
    [octets('be 50 0000 f0', PACKET), WORDS],
    [octets('be 50 0000 d4 00 0001', PACKET), WORDS],
    [octets('be 50 0000 d4 03 0001', PACKET), 'nothing'],
    [octets('be 50 0000 f1', new Uint8Array(20)), 'nothing'],
  ],
  228: [[PACKET, WORDS]],
  229: [[PACKET6, WORDS6]],
  239: [
    [nflog(true, '02', PACKET), WORDS],
    [nflog(false, '0a', PACKET6), WORDS6],
    [nflog(true, '07', PACKET), 'nothing'],
  ],
  276: [[octets('86dd 0000 00000002 0001 04 06 0200000000010000', PACKET6), WORDS6]],
}

test('link types: each row of LINK_TYPES finds the network layer', (t) => {
  t.deepEqual(
    Object.keys(linkFrames).map(Number),
    [...LINK_TYPES.keys()].sort((a, b) => a - b),
    'a case for every row',
  )
  for (const [linkType, cases] of Object.entries(linkFrames))
    for (const [bytes, words] of cases) {
      const { segments, damage } = decode({ bytes, linkType: Number(linkType) })
      t.is(inWords(segments[0]), words, `${linkTypeLabel(Number(linkType))}: ${hex(bytes)}`)
      t.deepEqual(damage, [])
    }
})

test('link types: any other is named once, and a short frame is damage', (t) => {
  const { damage } = decode({ bytes: FRAME, linkType: 7 }, { bytes: FRAME, linkType: 7 }, { bytes: FRAME, linkType: 4711 })
  t.deepEqual(
    damage.map(({ layer, kind, detail, count }) => [layer, kind, detail, count]),
    [
      ['link', 'unsupported', 'link type 7 (ARCNET_BSD) is not supported', 2],
      ['link', 'unsupported', 'link type 4711 is not supported', 1],
    ],
  )
  for (const [linkType, header] of [
    [0, 4],
    [1, 14],
    [108, 4],
    [113, 16],
    [129, 8],
    [239, 4],
    [276, 20],
  ] as const)
    for (const length of [0, 1, header - 1]) {
      const bytes = new Uint8Array(length)
      t.is(decode({ bytes, linkType }).damage[0]?.kind, 'malformed')
      t.is(decode({ bytes, linkType, original: 60 }).damage[0]?.kind, 'truncated')
    }
})

const gre = (flags: string, protocol: number, ...rest: (string | Uint8Array)[]) => octets(flags, BIG.u16(protocol), ...rest)
const inGre = (payload: Uint8Array) => ethernet(0x0800, ipv4(47, payload))
const inUdp = (destination: number, ...payload: (string | Uint8Array)[]) =>
  ethernet(0x0800, ipv4(17, udp(50_000, destination, ...payload)))
const wireless = (control: string, header: number) => octets(control, new Uint8Array(header - 2), 'aaaa03 000000 0800', PACKET)

const stacks: readonly (readonly [title: string, frame: Uint8Array, words?: string])[] = [
  ['VLAN tag', ethernet(0x8100, '0064 0800', PACKET)],
  ['QinQ', ethernet(0x88a8, '0064 8100 0065 86dd', PACKET6), WORDS6],
  ['older tags', ethernet(0x9100, '0064 9200 0065 0800', PACKET)],
  ['802.3 with LLC and SNAP (RFC 1042)', ethernet(0x0030, 'aaaa03 000000 0800', PACKET)],
  ['802.3 with another LLC', ethernet(0x0030, '424203 000000 0800', PACKET), 'nothing'],
  ['MPLS, one label (RFC 3032)', ethernet(0x8847, '00010140', PACKET)],
  ['MPLS, three labels', ethernet(0x8847, '00010040 00020040 00030140', PACKET6), WORDS6],
  ['MPLS pseudowire with control word (RFC 4385)', ethernet(0x8847, '00010140 00000000', FRAME)],
  ['PPPoE (RFC 2516)', ethernet(0x8864, '1100 0001 0030 0021', PACKET)],
  ['PPPoE with IPv6', ethernet(0x8864, '1100 0001 0030 0057', PACKET6), WORDS6],
  ['PPPoE with LCP', ethernet(0x8864, '1100 0001 0030 c021 0101 0004'), 'nothing'],
  ['IP in IP (RFC 2003)', ethernet(0x0800, ipv4(4, PACKET, { source: '0a000001' }))],
  ['6in4 (RFC 4213)', ethernet(0x0800, ipv4(41, PACKET6)), WORDS6],
  ['4in6 (RFC 2473)', ethernet(0x86dd, ipv6(4, PACKET))],
  ['6in6', ethernet(0x86dd, ipv6(41, PACKET6)), WORDS6],
  ['MPLS in IP (RFC 4023)', ethernet(0x0800, ipv4(137, octets('00010140', PACKET)))],
  ['AH over IPv4 (RFC 4302)', ethernet(0x0800, ipv4(51, octets('06 04 0000', new Uint8Array(20), SEGMENT)))],
  ['GRE (RFC 2784)', inGre(gre('0000', 0x0800, PACKET))],
  ['GRE with checksum, key and sequence number (RFC 2890)', inGre(gre('b000', 0x86dd, '0000 0000 00000001 00000002', PACKET6)), WORDS6],
  ['GRE with routing (RFC 1701)', inGre(gre('4000', 0x0800, '0000 0000', '0800 0004 0a000001', '0000 0000', PACKET))],
  ['GRE with Ethernet', inGre(gre('2000', 0x6558, '00000007', FRAME))],
  ['GRE with MPLS', inGre(gre('0000', 0x8847, '00010140', PACKET))],
  ['GRE version 1, PPTP (RFC 2637)', inGre(gre('3081', 0x880b, '0030 0001 00000001 00000002', 'ff03 0021', PACKET))],
  ['GRE version 1 that only acknowledges', inGre(gre('2081', 0x880b, '0000 0001 00000002')), 'nothing'],
  ['GRE version 7', inGre(gre('0007', 0x0800, PACKET)), 'nothing'],
  ['GRE keep-alive without payload', inGre(gre('0000', 0)), 'nothing'],
  ['ERSPAN type I', inGre(gre('0000', 0x88be, FRAME))],
  ['ERSPAN type II', inGre(gre('1000', 0x88be, '00000001', '1000 0000 00000000', FRAME))],
  ['ERSPAN type III', inGre(gre('1000', 0x22eb, '00000001', '2000 0000 00000000 0000 0000', FRAME))],
  ['ERSPAN type III with subheader', inGre(gre('1000', 0x22eb, '00000001', '2000 0000 00000000 0000 0001', new Uint8Array(8), FRAME))],
  ['Aruba GRE, 802.11 with QoS', inGre(gre('0000', 0x8200, wireless('8801', 26)))],
  ['Aruba GRE, 802.11 with four addresses', inGre(gre('0000', 0x8200, wireless('0803', 30)))],
  ['Aruba GRE, 802.11 encrypted', inGre(gre('0000', 0x8200, wireless('8841', 26))), 'nothing'],
  ['VXLAN (RFC 7348)', inUdp(4789, '08000000 00004d00', FRAME)],
  ['VXLAN on the port of Linux, with other flags', inUdp(8472, '88000400 00004d00', FRAME)],
  ['VXLAN on any port, by its shape', inUdp(12_345, '08000000 00004d00', FRAME)],
  ['no VXLAN: the inside is no Ethernet', inUdp(4789, '08000000 00004d00', new Uint8Array(40)), 'nothing'],
  ['Geneve (RFC 8926)', inUdp(6081, '0000 6558 00004d00', FRAME)],
  ['Geneve with options', inUdp(6081, '0200 86dd 00004d00 0102 0301 aabbccdd', PACKET6), WORDS6],
  ['GTP-U (3GPP TS 29.281)', inUdp(2152, '30ff 0030 00000001', PACKET)],
  ['GTP-U with a sequence number and extension headers', inUdp(2152, '36ff 0030 00000001 0001 00 85', '01 0000 40', '01 0000 00', PACKET6), WORDS6],
  ['GTP-U echo', inUdp(2152, '3201 0004 00000000 0001 0000 00000000'), 'nothing'],
  ['MPLS over UDP (RFC 7510)', inUdp(6635, '00010140', PACKET)],
  ['Geneve around GRE around VLAN', inUdp(6081, '0000 0800 00004d00', ipv4(47, gre('0000', 0x6558, ethernet(0x8100, '0001 0800', PACKET))))],
] // biome-ignore format: a table
test('tags and tunnels: the innermost TCP counts', (t) => {
  for (const [title, bytes, words = WORDS] of stacks) {
    const { segments, damage } = decode(bytes)
    t.is(inWords(segments[0]), words, title)
    t.deepEqual(damage, [], title)
  }
})

test('tags and tunnels: cut anywhere there is damage or nothing to see, and never a fault', (t) => {
  for (const [title, bytes, words = WORDS] of stacks)
    for (let length = 14; length < bytes.length; length++) {
      const { segments, damage } = decode({ bytes: bytes.subarray(0, length), original: bytes.length })
      const [segment] = segments
      if (segment !== undefined) t.true(segment.end - segment.start < segment.payloadLength, `${title} ${length}`)
      else if (words !== 'nothing' && damage.length === 0 && !/VXLAN|802|GTP|Geneve|UDP/.test(title))
        t.fail(`${title} ${length}: silent`)
    }
  t.pass()
})

test('headers within headers are opened to a depth of 16', (t) => {
  const nested = (depth: number) => {
    let packet = PACKET
    for (let i = 0; i < depth; i++) packet = ipv4(4, packet)
    return decode(ethernet(0x0800, packet))
  }
  t.is(inWords(nested(16).segments[0]), WORDS)
  t.is(nested(17).segments.length, 0)
  t.is(nested(17).damage[0]?.kind, 'limit')
})

test('IPv4: options, padding of the link, length 0 of segmentation offload, a payload cut by the snap length', (t) => {
  const padded = octets(ethernet(0x0800, ipv4(TCP, tcp('', { flags: 2 }))), new Uint8Array(6))
  t.is(decode(padded).segments[0]?.payloadLength, 0)
  t.is(inWords(decode(ethernet(0x0800, ipv4(TCP, SEGMENT, { options: '01010101' }))).segments[0]), WORDS)
  const offloaded = ethernet(0x0800, ipv4(TCP, tcp(new Uint8Array(70_000)), { length: 0 }))
  t.is(decode(offloaded).segments[0]?.payloadLength, 70_000)
  t.is(decode({ bytes: offloaded.subarray(0, 100), original: offloaded.length }).segments[0]?.payloadLength, 70_000)
  const cut = decode({ bytes: FRAME.subarray(0, FRAME.length - 3), original: FRAME.length })
  t.is(hex(cut.segments[0]?.bytes ?? octets()), '6865')
  t.is(cut.segments[0]?.payloadLength, 5)
  t.deepEqual(cut.damage, [])
  const options = ethernet(0x0800, ipv4(TCP, tcp('aabb', { options: '0101080a 0000000100000002' })))
  const inOptions = decode({ bytes: options.subarray(0, 60), original: options.length })
  t.is(inOptions.segments[0]?.payloadLength, 2)
  t.is(inOptions.segments[0]?.bytes.length, 0)
})

test('IPv6: extension headers (RFC 8200 4, RFC 4302), length 0, atomic fragments (RFC 6946)', (t) => {
  const hopByHop = (next: string) => octets(next, '00 0104 00000000')
  const chain = octets(
    hopByHop('2b'),
    hopByHop('3c'),
    hopByHop('33'),
    '87 04 0000',
    new Uint8Array(20),
    hopByHop('2c'),
    '06 00 0000 00000001',
  )
  for (const [packet, words] of [
    [ipv6(0, octets(chain, SEGMENT)), WORDS6],
    [ipv6(TCP, SEGMENT, 0), WORDS6],
    [ipv6(59, SEGMENT), 'nothing'],
    [ipv6(50, SEGMENT), 'nothing'],
  ] as const) {
    const { segments, damage } = decode(ethernet(0x86dd, packet))
    t.is(inWords(segments[0]), words)
    t.deepEqual(damage, [])
  }
  const endless = ipv6(0, octets(...Array.from({ length: 17 }, () => hopByHop('00')), SEGMENT))
  t.is(decode(ethernet(0x86dd, endless)).damage[0]?.detail, 'more than 16 IPv6 extension headers')
})

const broken: readonly (readonly [title: string, frame: Uint8Array | TestFrame, kind: string, detail: string, read?: boolean])[] = [
  ['IPv4 version', ethernet(0x0800, octets('55', PACKET.subarray(1))), 'malformed', 'an IPv4 header contradicts itself'],
  ['IPv4 header length', ethernet(0x0800, octets('44', PACKET.subarray(1))), 'malformed', 'an IPv4 header contradicts itself'],
  ['IPv4 length below the header', ethernet(0x0800, ipv4(TCP, SEGMENT, { length: 19 })), 'malformed', 'an IPv4 header contradicts itself'],
  ['IPv4 length beyond the frame', ethernet(0x0800, ipv4(TCP, SEGMENT, { length: 900 })), 'malformed', 'an IPv4 packet claims to be longer than what carries it', true],
  ['IPv4 length beyond its tunnel', ethernet(0x0800, ipv4(4, ipv4(TCP, SEGMENT, { length: 900 }))), 'malformed', 'an IPv4 packet claims to be longer than what carries it', true],
  ['IPv4 header beyond the packet', ethernet(0x0800, ipv4(TCP, new Uint8Array(0), { options: '' }).subarray(0, 12)), 'malformed', 'an IPv4 header contradicts itself'],
  ['IPv4 header cut', { bytes: FRAME.subarray(0, 30), original: FRAME.length }, 'truncated', 'an IPv4 header is cut off'],
  ['IPv6 version', ethernet(0x86dd, octets('40', PACKET6.subarray(1))), 'malformed', 'an IPv6 header contradicts itself'],
  ['IPv6 length beyond the frame', ethernet(0x86dd, ipv6(TCP, SEGMENT, 900)), 'malformed', 'an IPv6 packet claims to be longer than what carries it', true],
  ['IPv6 header cut', { bytes: ethernet(0x86dd, PACKET6).subarray(0, 50), original: 200 }, 'truncated', 'an IPv6 header is cut off'],
  ['IPv6 extension header beyond the packet', ethernet(0x86dd, ipv6(0, octets('06 09', new Uint8Array(14)))), 'malformed', 'an IPv6 extension header is longer than its packet'],
  ['TCP header cut', { bytes: FRAME.subarray(0, 50), original: FRAME.length }, 'truncated', 'a TCP header is cut off'],
  ['TCP header without room', ethernet(0x0800, ipv4(TCP, SEGMENT.subarray(0, 12))), 'malformed', 'a TCP header contradicts its packet'],
  ['TCP data offset of 16', ethernet(0x0800, ipv4(TCP, octets(SEGMENT.subarray(0, 12), '40', SEGMENT.subarray(13)))), 'malformed', 'a TCP header contradicts its packet'],
  ['TCP data offset beyond the packet', ethernet(0x0800, ipv4(TCP, octets(SEGMENT.subarray(0, 12), 'f0', SEGMENT.subarray(13)))), 'malformed', 'a TCP header contradicts its packet'],
  ['VLAN tag cut', { bytes: ethernet(0x8100, '00'), original: 60 }, 'truncated', 'a tag between the link and the network layer is cut off'],
  ['GRE key without room', inGre(gre('2000', 0x0800, '00')), 'malformed', 'a GRE header contradicts its packet'],
  ['Geneve options without room', inUdp(6081, '3f00 0800 00004d00', new Uint8Array(20)), 'malformed', 'a tunnel header contradicts its packet'],
  ['GTP-U extension header of length 0', inUdp(2152, '34ff 0030 00000001 0001 0085 00000000'), 'malformed', 'a tunnel header contradicts its packet'],
  ['a fragment cut', { bytes: ethernet(0x0800, ipv4(TCP, new Uint8Array(64), { fragment: 0x2000 })).subarray(0, 60), original: 98 }, 'truncated', 'a fragment is cut off, so its packet cannot be put together'],
] // biome-ignore format: a table
test('lengths and versions that cannot be are damage', (t) => {
  for (const [title, frame, kind, detail, read = false] of broken) {
    const { segments, damage } = decode(frame)
    t.deepEqual([damage[0]?.kind, damage[0]?.detail, damage[0]?.firstFrame], [kind, detail, 1], title)
    // What is there is read, without believing the length.
    t.deepEqual(
      segments.map(({ payloadLength }) => payloadLength),
      read ? [5] : [],
      title,
    )
  }
})

test('UDP payloads go to whoever asked for them', (t) => {
  const { datagrams, segments } = decode(
    inUdp(53, 'abcd 0100'),
    ethernet(0x86dd, ipv6(17, udp(1, 2, '01'))),
    ethernet(0x0800, ipv4(17, octets('00'))),
  )
  t.deepEqual(
    datagrams.map(({ source, destination, payload }) => [source, destination, hex(payload)]),
    [
      [50_000, 53, 'abcd0100'],
      [1, 2, '01'],
    ],
  )
  t.is(segments.length, 0)
})

const MORE = 0x2000
const whole = tcp(Uint8Array.from({ length: 100 }, (_, at) => at))
const part = (from: number, to: number, fields: Ipv4Fields = {}) =>
  ethernet(0x0800, ipv4(TCP, whole.slice(from, to), { fragment: (to < whole.length ? MORE : 0) | (from / 8), ...fields }))
const part6 = (from: number, to: number, identification = 9) => {
  const field = BIG.u16(from | (to < whole.length ? 1 : 0))
  return ethernet(0x86dd, ipv6(44, octets('06 00', field, BIG.u32(identification), whole.slice(from, to))))
}

test('fragments are put together in any order (RFC 791 3.2, RFC 8200 4.5)', (t) => {
  for (const cut of [part, part6])
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const parts = [cut(0, 48), cut(48, 96), cut(96, 120)]
      const { segments, damage } = decode(...order.map((index) => parts[index] as Uint8Array))
      t.is(segments.length, 1)
      t.is(hex(segments[0]?.bytes ?? octets()), hex(whole.subarray(20)))
      t.is(segments[0]?.payloadLength, 100)
      t.is(segments[0]?.frame, 3)
      t.deepEqual(segments[0]?.fragments, [1, 2, 3])
      t.deepEqual(damage, [])
    }
})

test('fragments: packets of other names are kept apart, within tunnels too', (t) => {
  const mixed = decode(part(0, 48), part(0, 48, { identification: 8 }), part(48, 120, { identification: 8 }), part(48, 120))
  t.deepEqual(
    mixed.segments.map(({ fragments }) => fragments),
    [
      [2, 3],
      [1, 4],
    ],
  )
  const inside = decode(...[part(0, 48), part(48, 120)].map((frame) => inUdp(4789, '08000000 00004d00', frame)))
  t.is(hex(inside.segments[0]?.bytes ?? octets()), hex(whole.subarray(20)))
  const extended = octets('06 00 0104 00000000', whole)
  const tail = [extended.slice(0, 64), extended.slice(64)].map((bytes, index) =>
    ethernet(0x86dd, ipv6(44, octets('3c 00', BIG.u16(index === 0 ? 1 : 64), '00000001', bytes))),
  )
  t.is(hex(decode(...tail).segments[0]?.bytes ?? octets()), hex(whole.subarray(20)))
})

test('fragments that overlap: the octets captured first stand, and a difference is damage', (t) => {
  const same = decode(part(0, 48), part(0, 48), part(40, 96), part(80, 120))
  t.is(hex(same.segments[0]?.bytes ?? octets()), hex(whole.subarray(20)))
  t.deepEqual(same.damage, [])
  const other = ethernet(0x0800, ipv4(TCP, octets(new Uint8Array(32).fill(0xee), whole.slice(72, 96)), { fragment: MORE | 5 }))
  const { segments, damage } = decode(part(0, 64), other, part(96, 120))
  t.is(hex(segments[0]?.bytes.subarray(0, 44) ?? octets()), hex(whole.subarray(20, 64)))
  t.is(hex(segments[0]?.bytes.subarray(44, 52) ?? octets()), 'eeeeeeeeeeeeeeee')
  t.deepEqual([damage[0]?.kind, damage[0]?.firstFrame], ['conflict', 2])
})

test('fragments: what is never complete, impossible, or too much is damage', (t) => {
  const kinds = (...frames: (Uint8Array | TestFrame)[]) =>
    decode(...frames).damage.map(({ kind, detail, count }) => `${kind} ${count} ${detail}`)
  t.deepEqual(kinds(part(0, 48)), ['gap 1 a fragmented packet was never complete'])
  t.deepEqual(kinds(part(0, 48), { bytes: part(48, 120), seconds: 62 }), ['gap 2 a fragmented packet was never complete'])
  t.deepEqual(kinds(part(0, 48), part(48, 120), part(0, 48)), [], 'a duplicate of a complete packet is no second one')
  t.deepEqual(kinds(part(0, 44, { fragment: MORE })), ['malformed 1 a fragment of an impossible length'])
  t.deepEqual(kinds(part(0, 48, { fragment: MORE | 0x1fff })), ['malformed 1 a fragment of an impossible length'])
  t.deepEqual(kinds(part(96, 120), part(48, 120, { fragment: 16 })).sort(), [
    'gap 1 a fragmented packet was never complete',
    'malformed 1 fragments disagree about the length of their packet',
  ])
  const flood = Array.from({ length: 300 }, (_, at) => part(0, 48, { identification: at }))
  t.deepEqual(kinds(...flood), [
    'limit 44 a fragmented packet was never complete',
    'gap 256 a fragmented packet was never complete',
  ])
})

test('random octets and flipped bits are decoded without a fault', (t) => {
  const next = random(42)
  const linkTypes = [...LINK_TYPES.keys()]
  for (let round = 0; round < 20_000; round++) {
    const [, frame] = stacks[next(stacks.length)] as (typeof stacks)[number]
    const bytes = frame.slice(0, 1 + next(frame.length))
    for (let count = next(4); count > 0; count--) bytes[next(bytes.length)] = next(256)
    const linkType = next(8) === 0 ? (linkTypes[next(linkTypes.length)] as number) : 1
    for (const segment of decode({ bytes, linkType, original: bytes.length + next(3) * 10 }).segments) {
      if (segment.start > segment.end || segment.payloadLength < segment.end - segment.start) t.fail(hex(bytes))
    }
  }
  t.pass()
})

test('a decoder writes into what it is given', (t) => {
  const packet = newIpPacket()
  const address = new Int32Array(8)
  const view = new DataView(PACKET.buffer)
  t.is(decodeIpv4(view, 0, PACKET.length, PACKET.length, address, packet), null)
  t.deepEqual([packet.protocol, packet.start, packet.end, packet.wireEnd], [TCP, 20, PACKET.length, PACKET.length])
})
