/** Names of link types people meet (https://www.tcpdump.org/linktypes.html), for messages. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'NULL'],
  [1, 'ETHERNET'],
  [6, 'IEEE802_5'],
  [7, 'ARCNET_BSD'],
  [8, 'SLIP'],
  [9, 'PPP'],
  [10, 'FDDI'],
  [12, 'RAW'],
  [14, 'RAW'],
  [50, 'PPP_HDLC'],
  [51, 'PPP_ETHER'],
  [101, 'RAW'],
  [104, 'C_HDLC'],
  [105, 'IEEE802_11'],
  [107, 'FRELAY'],
  [108, 'LOOP'],
  [113, 'LINUX_SLL'],
  [117, 'PFLOG'],
  [119, 'IEEE802_11_PRISM'],
  [122, 'IP_OVER_FC'],
  [127, 'IEEE802_11_RADIOTAP'],
  [129, 'ARCNET_LINUX'],
  [143, 'DOCSIS'],
  [147, 'USER0'],
  [162, 'USER15'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [192, 'PPI'],
  [195, 'IEEE802_15_4_WITHFCS'],
  [201, 'BLUETOOTH_HCI_H4_WITH_PHDR'],
  [220, 'USB_LINUX_MMAPPED'],
  [228, 'IPV4'],
  [229, 'IPV6'],
  [239, 'NFLOG'],
  [249, 'USBPCAP'],
  [253, 'NETLINK'],
  [276, 'LINUX_SLL2'],
])

/** "LINUX_SLL2", or "LINKTYPE_4711" when it has no name here. */
export function linkTypeLabel(linkType: number): string {
  return NAMES.get(linkType) ?? `LINKTYPE_${linkType}`
}

/** "7 (ARCNET_BSD)". */
export function linkTypeName(linkType: number): string {
  const name = NAMES.get(linkType)
  return name === undefined ? `${linkType}` : `${linkType} (${name})`
}
