import { pcap } from './pcap.ts'
import { pcapng } from './pcapng.ts'
import type { PacketFormat } from './reader.ts'

/** The packet capture formats that are read, told by their first bytes. */
export const READERS: readonly PacketFormat[] = [pcap, pcapng]
