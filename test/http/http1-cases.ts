import type { Step } from './conversation.ts'

export interface Case {
  readonly title: string
  readonly steps: readonly Step[]
  readonly exchanges: readonly string[]
  readonly damage?: readonly string[]
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

const LOST_BODY = 'a part of the body was not captured'
const LOST_HEAD = 'a part of the head was not captured'
const HEADLESS = 'a body whose head is incomplete'
const CLOSED = 'the connection was closed before the end of the message'
const GARBAGE = 'octets that are no HTTP/1 message'
const NO_FIELD = 'a line in the head that is no field line'

export const FRAMING: readonly Case[] = [
  {
    title: 'one exchange, Content-Length both ways',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "abc" -> 200 "hi"'],
  },
  {
    title: 'keep-alive: three exchanges on one connection',
    steps: [
      ['client', GET],
      ['server', OK],
      ['client', 'GET /b HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
      ['client', 'GET /c HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/b "" -> 404 ""', 'GET http://h/c "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 9.3.2: pipelined requests are answered in order',
    steps: [
      ['client', `${GET}POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}${GET.replace('/a', '/c')}`],
      ['server', `${OK}HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nB${OK}`],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'POST http://h/b "{}" -> 201 "B"', 'GET http://h/c "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9110 15.2: interim answers belong to the final one',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n'],
      ['server', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['client', 'z'],
      ['server', `HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n${OK}`],
    ],
    exchanges: ['POST http://h/x "z" -> 100 103 200 "hi"'],
  },
  {
    title: 'RFC 9112 6.3 rule 1: no body after HEAD, 204 and 304',
    steps: [
      ['client', 'HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
      ['client', GET],
      ['server', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['client', GET],
      ['server', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
      ['client', 'HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: [
      'HEAD http://h/a "" -> 200 ""',
      'GET http://h/a "" -> 204 ""',
      'GET http://h/a "" -> 304 ""',
      'HEAD http://h/a "" -> 200 ""',
      'GET http://h/a "" -> 200 "hi"',
    ],
  },
  {
    title: 'RFC 9112 7.1: chunks with extensions, upper and lower case, leading zeros, and trailers',
    steps: [
      [
        'client',
        'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n' +
          '3;a=1;b="x;y"\r\nabc\r\n00A\r\n0123456789\r\nb \r\n0123456789a\r\n0;last\r\nX-Sum: 1\r\n\r\n',
      ],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "abc01234567890123456789a" -> 200 "hi"'],
  },
  {
    title: 'chunks with LF alone as line end',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n'],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/a "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 6.3 rule 5: equal Content-Length values count once',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "abc" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 6.3 rule 5: differing Content-Length values leave the end open',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nhello'],
      ['client', GET],
      ['server', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hello"...', 'GET http://h/a "" -> 201 ""'],
    damage: ['Content-Length values that differ', 'a body whose end the head does not tell'],
  },
  {
    title: 'a Content-Length that is no number',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', OK + OK],
    ],
    exchanges: ['POST http://h/x "abc"... -> 200 "hi"', 'GET http://h/b "" -> 200 "hi"'],
    damage: ['a Content-Length that is not a number', 'a body whose end the head does not tell'],
  },
  {
    title: 'RFC 9112 6.3 rule 3: Transfer-Encoding wins over Content-Length',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "z" -> 200 "hi"'],
    damage: ['both Transfer-Encoding and Content-Length'],
  },
  {
    title: 'RFC 9112 6.3 rule 4: a request whose Transfer-Encoding does not end in chunked has no end',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, foo\r\n\r\nabc'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "abc"... -> 200 "hi"'],
    damage: ['Transfer-Encoding of a request does not end in chunked', 'a body whose end the head does not tell'],
  },
  {
    title: 'a response with chunked before another coding is read in chunks, as clients do',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: foo\r\n\r\n2\r\nhi\r\n0\r\n\r\n'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"...'],
    damage: ['Transfer-Encoding of a response does not end in chunked', 'a content coding that is not known'],
  },
  {
    title: 'RFC 9112 6.3 rule 4: a response without chunked lasts until the connection closes',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nall of it'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "all of it"'],
  },
  {
    title: 'RFC 9112 6.3 rule 8: HTTP/1.0, a body until the connection closes, no Host',
    steps: [
      ['client', 'GET /old HTTP/1.0\r\n\r\n'],
      ['server', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\none\r\ntwo'],
    ],
    exchanges: ['GET http://192.0.2.2:80/old "" -> 200 "one\\r\\ntwo"'],
  },
  {
    title: 'a body until the connection closes is not proved complete by a reset',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.0 200 OK\r\n\r\npart'],
      ['server ends', 'rst'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "part"...'],
    damage: ['the connection was reset before the end of the message'],
  },
  {
    title: 'a body until the connection closes, when the capture ended first',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.0 200 OK\r\n\r\npart'],
      ['server ends', 'capture'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "part"...'],
    damage: ['the capture ended before the end of the message'],
  },
  {
    title: 'the connection closes within a body of known length',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "part"...'],
    damage: [CLOSED],
  },
  {
    title: 'the connection closes within a chunk and within a trailer section',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwhole\r\n0\r\nX: '.replace('4', '5')],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart'],
    ],
    exchanges: ['POST http://h/x "whole"... -> 200 "part"...'],
    damage: [CLOSED],
  },
  {
    title: 'the connection closes within a head',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Type: text/pl'],
    ],
    exchanges: ['GET http://h/a "" -> 200 missing'],
    damage: [CLOSED, HEADLESS],
  },
  {
    title: 'the connection closes within a start line: no message can be told',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 2'],
    ],
    exchanges: ['GET http://h/a "" -> -'],
    damage: [CLOSED],
  },
  {
    title: 'a chunk size that is no number ends the body; the next message is found',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n'],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"...', 'GET http://h/a "" -> 200 "hi"'],
    damage: ['a chunk size that is not a number'],
  },
  {
    title: 'a chunk longer than its size, and one of an absurd size',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiho\r\n0\r\n\r\n'],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhi'],
    ],
    exchanges: ['POST http://h/x "hi"... -> 200 missing'],
    damage: ['a chunk longer than its size', 'a chunk size too large to count with'],
  },
  {
    title: 'Transfer-Encoding in HTTP/1.0 is read and named',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
    damage: ['Transfer-Encoding in an HTTP/1.0 message'],
  },
  {
    title: 'an answer before the end of its request',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab'],
      ['server', 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'],
      ['client', `cd${GET}`],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "abcd" -> 413 ""', 'GET http://h/a "" -> 200 "hi"'],
  },
]

export const SYNTAX: readonly Case[] = [
  {
    title: 'RFC 9112 2.2: LF alone ends a line, empty lines come before a request line',
    steps: [
      ['client', '\r\n\nGET /a HTTP/1.1\nHost: h\n\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n'],
      ['server', `${OK}\r\n${OK}`],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/b "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 5.2: a folded field line is one value',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\t 1 \r\n\r\nzGET /b HTTP/1.1\r\nHost: a\r\n .b\r\n\r\n'],
      ['server', OK + OK],
    ],
    exchanges: ['POST http://h/x "z" -> 200 "hi"', 'GET http://a .b/b "" -> 200 "hi"'],
  },
  {
    title: 'field names in any case, white space around values, none after the colon',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nhOST:h\r\nCONTENT-length: \t 2\t \r\nEmpty:\r\n\r\nok'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "ok" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 5.1: white space before the colon is named and read',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nok'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "ok" -> 200 "hi"'],
    damage: ['white space between field name and colon'],
  },
  {
    title: 'lines that are no field lines',
    steps: [
      ['client', 'GET /a HTTP/1.1\r\n leading: fold\r\nno colon here\r\n: nameless\r\nHost: h\r\nb@d: 1\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
    damage: [NO_FIELD],
  },
  {
    title: 'a NUL octet in a field value',
    steps: [
      ['client', 'GET /a HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
    damage: ['a NUL octet in the head'],
  },
  {
    title: 'RFC 9112 3.2.2: absolute-form wins over Host',
    steps: [
      ['client', 'GET http://origin.example/p?q HTTP/1.1\r\nHost: other\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['GET http://origin.example/p?q "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9112 3.2.4: asterisk-form',
    steps: [
      ['client', 'OPTIONS * HTTP/1.1\r\nHost: h:8080\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['OPTIONS http://h:8080 "" -> 200 "hi"'],
  },
  {
    title: 'a target without a slash, an empty Host',
    steps: [
      ['client', 'GET a?b HTTP/1.1\r\nHost:\r\n\r\n'],
      ['server', OK],
    ],
    exchanges: ['GET http://192.0.2.2:80/a?b "" -> 200 "hi"'],
  },
  {
    title: 'RFC 9110 9.1: any token is a method',
    steps: [
      ['client', "m-search~'9 /a HTTP/1.1\r\nHost: h\r\n\r\n"],
      ['server', OK],
    ],
    exchanges: ['m-search~\'9 http://h/a "" -> 200 "hi"'],
  },
  {
    title: 'white space in the request line',
    steps: [
      ['client', 'GET /a b HTTP/1.1\r\nHost: h\r\n\r\nGET \t /c\tHTTP/1.1 \r\nHost: h\r\n\r\n'],
      ['server', OK + OK],
    ],
    exchanges: ['GET http://h/a b "" -> 200 "hi"', 'GET http://h/c "" -> 200 "hi"'],
    damage: ['white space or a control octet in the request target', 'white space in a request line where none belongs'],
  },
  {
    title: 'HTTP/0.9: a request without version; what follows is no response',
    steps: [
      ['client', 'GET /old\r\n\r\n'],
      ['server', '<html></html>'],
    ],
    exchanges: ['GET http://192.0.2.2:80/old "" -> -'],
    damage: ['a request line without HTTP version', GARBAGE],
  },
  {
    title: 'versions that are not HTTP/1.x are read and named',
    steps: [
      ['client', 'GET /a HTTP/3.7\r\nHost: h\r\n\r\n'],
      ['server', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
    damage: ['a version that is not HTTP/1.x'],
  },
  {
    title: 'RFC 9112 4: a reason phrase may be missing, with or without its space',
    steps: [
      ['client', GET + GET],
      ['server', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\nHTTP/1.1 201\r\nContent-Length: 0\r\n\r\n'],
    ],
    exchanges: ['GET http://h/a "" -> 200 ""', 'GET http://h/a "" -> 201 ""'],
  },
  {
    title: 'a status line with white space and digits that are wrong',
    steps: [
      ['client', GET + GET],
      ['server', 'HTTP/1.1\t 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ],
    exchanges: ['GET http://h/a "" -> 200 ""', 'GET http://h/a "" -> 200 ""'],
    damage: ['a status line that is not well formed'],
  },
  {
    title: 'a status line with a NUL, and a status that is no status',
    steps: [
      ['client', GET + GET],
      ['server', 'HTTP/1.1\0 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\nho'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/a "" -> 0 "ho"'],
    damage: ['a status line that is not well formed'],
  },
  {
    title: 'octets between messages that are none: passed over, the next message is found',
    steps: [
      ['client', `${GET}\u0016\u0003\u0001 garbage\r\nmore\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n`],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/b "" -> -'],
    damage: [GARBAGE],
  },
]

export const LOSSES: readonly Case[] = [
  {
    title: 'a gap within a body of known length: the next message begins exactly behind it',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi'],
      ['server gap', 5],
      ['server', `end${OK}`],
      ['client', GET],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"...', '- -> 200 "hi"', 'GET http://h/a "" -> -'],
    damage: [LOST_BODY],
  },
  {
    title: 'a gap of just the rest of a body',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhi'],
      ['client gap', 8],
      ['server', OK],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "hi"... -> 200 "hi"', 'GET http://h/a "" -> 200 "hi"'],
    damage: [LOST_BODY],
  },
  {
    title: 'a gap that reaches beyond a body: reading goes on at the next status line',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi'],
      ['server gap', 100],
      ['client', GET],
      ['server', `rest of a body}${OK}`],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"...', 'GET http://h/a "" -> 200 "hi"'],
    damage: [LOST_BODY],
  },
  {
    title: 'a gap within a chunk is passed over, one beyond it is not',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab'],
      ['client gap', 4],
      ['client', 'gh\r\n0\r\n\r\n'],
      ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab'],
      ['server gap', 7],
      ['server', '0\r\n\r\n'],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x "ab"... -> 200 "ab"...', 'GET http://h/a "" -> 200 "hi"'],
    damage: [LOST_BODY],
  },
  {
    title: 'a gap within a head',
    steps: [
      ['client', 'POST /x HTTP/1.1\r\nHost: h\r\nContent-'],
      ['client gap', 20],
      ['client', '\r\n\r\n{"a":1}POST /y HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nz'],
      ['server', OK],
    ],
    exchanges: ['POST http://h/x missing -> 200 "hi"', 'POST http://h/y "z" -> -'],
    damage: [LOST_HEAD, HEADLESS],
  },
  {
    title: 'a gap within a body until close',
    steps: [
      ['client', GET],
      ['server', 'HTTP/1.0 200 OK\r\n\r\nhi'],
      ['server gap', null],
      ['server', 'more'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"...'],
    damage: [LOST_BODY],
  },
  {
    title: 'joined late: both sides begin in the middle',
    steps: [
      ['client gap', null],
      ['client', '"rest":1}'],
      ['server gap', null],
      ['server', 'x: y\r\n\r\nHTTP/1.1 is a protocol\r\n'],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
  },
  {
    title: 'joined late, one exchange, and the capture ends',
    steps: [
      ['client gap', null],
      ['client', GET],
      ['server gap', null],
      ['server', OK],
      ['client ends', 'capture'],
      ['server ends', 'capture'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"'],
  },
  {
    title: 'a response lost, and the capture ends after the next one: a request may be missing as well',
    steps: [
      ['client', GET],
      ['server', OK],
      ['client', GET.replace('/a', '/b')],
      ['server gap', 40],
      ['server', OK],
      ['client ends', 'capture'],
      ['server ends', 'capture'],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/b "" -> -', '- -> 200 "hi"'],
  },
  {
    title: 'a status line in a text is no message without a field line behind it',
    steps: [
      ['server gap', null],
      ['server', 'HTTP/1.1 200 OK\r\nHTTP/1.1 404 Not Found\r\nso they say\r\nHTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno'],
    ],
    exchanges: ['- -> 500 "no"'],
  },
  {
    title: 'only responses were captured; some answer HEAD',
    steps: [
      ['server', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/2 ${OK}`],
    ],
    exchanges: ['- -> 200 "hi"', '- -> 200 ""', '- -> 200 "HTTP/2 "', '- -> 200 "hi"'],
  },
  {
    title: 'only responses were captured; without length they may last until the connection closes, or answer HEAD',
    steps: [
      ['server', `HTTP/1.1 200 OK\r\nA: 1\r\n\r\nHTTP/1.1 200 OK\r\nA: 2\r\n\r\n`],
      ['server gap', null],
      ['server', `${OK}HTTP/1.1 200 OK\r\nA: 3\r\n\r\nHTTP is all that follows`],
    ],
    exchanges: ['- -> 200 ""', '- -> 200 missing', '- -> 200 "hi"', '- -> 200 "HTTP is all that follows"'],
    damage: [LOST_BODY],
  },
  {
    title: 'only requests were captured',
    steps: [['client', `${GET}POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nz`]],
    exchanges: ['GET http://h/a "" -> -', 'POST http://h/x "z" -> -'],
  },
  {
    title: 'RFC 9110 15.5.9: a response that begins before any request answers none',
    steps: [
      ['server', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
      ['client', GET],
    ],
    exchanges: ['- -> 408 ""', 'GET http://h/a "" -> -'],
  },
  {
    title: 'responses lost between two requests: the first stays unanswered',
    steps: [
      ['client', GET],
      ['server gap', 50],
      ['client', GET.replace('/a', '/b')],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> -', 'GET http://h/b "" -> 200 "hi"'],
  },
  {
    title: 'responses lost, noticed only after the next request: the last request is answered',
    steps: [
      ['client', GET],
      ['client', GET.replace('/a', '/b')],
      ['server gap', 50],
      ['server', OK],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> -', 'GET http://h/b "" -> 200 "hi"', 'GET http://h/a "" -> 200 "hi"'],
  },
  {
    title: 'responses lost, and a request between the last one answered and the next',
    steps: [
      ['client', GET],
      ['client gap', 50],
      ['server gap', 50],
      ['server', OK],
      ['client', GET.replace('/a', '/b')],
    ],
    exchanges: ['GET http://h/a "" -> -', '- -> 200 "hi"', 'GET http://h/b "" -> -'],
  },
  {
    title: 'requests and responses lost: what may answer a lost request stays alone',
    steps: [
      ['client', GET],
      ['client gap', 50],
      ['server gap', 50],
      ['server', OK],
      ['client', GET.replace('/a', '/b')],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> -', '- -> 200 "hi"', 'GET http://h/b "" -> 200 "hi"'],
  },
  {
    title: 'a request lost: its response stays alone',
    steps: [
      ['client', GET],
      ['server', OK],
      ['client gap', 30],
      ['server', OK],
      ['client', GET.replace('/a', '/b')],
      ['server', OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', '- -> 200 "hi"', 'GET http://h/b "" -> 200 "hi"'],
  },
  {
    title: 'responses lost on a pipelined connection: nothing is paired any more',
    steps: [
      ['client', GET + GET + GET],
      ['server', OK],
      ['server gap', 30],
      ['server', OK],
      ['client', GET],
      ['server', OK],
    ],
    exchanges: [
      'GET http://h/a "" -> 200 "hi"',
      'GET http://h/a "" -> -',
      'GET http://h/a "" -> -',
      '- -> 200 "hi"',
      'GET http://h/a "" -> -',
      '- -> 200 "hi"',
    ],
  },
  {
    title: 'requests lost on a pipelined connection: those before the loss are still paired',
    steps: [
      ['client', GET + GET],
      ['client gap', 30],
      ['client', GET.replace('/a', '/b')],
      ['server', OK + OK + OK],
    ],
    exchanges: ['GET http://h/a "" -> 200 "hi"', 'GET http://h/a "" -> 200 "hi"', 'GET http://h/b "" -> -', '- -> 200 "hi"'],
  },
]
