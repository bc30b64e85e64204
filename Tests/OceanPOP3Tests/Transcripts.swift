import OceanPOP3

/// Sessions on the mailbox `FixtureDrop.three`. The traps are mistakes that POP3 servers make.
extension Transcript {
  static let all = authorization + sasl + transaction + arguments + lines

  private static let sasl = [
    Transcript(
      "AUTH is not offered without TLS",
      """
      S: +OK pop.example.org POP3 server ready
      C: AUTH
      S: -ERR AUTH needs TLS here
      C: AUTH PLAIN YWxpY2U=
      S: -ERR AUTH needs TLS here
      """),
    Transcript(
      "AUTH without TLS: the mechanisms that may, and no other", policy: .plaintextSASL,
      """
      S: +OK pop.example.org POP3 server ready
      C: CAPA
      S: +OK capabilities follow
      S: TOP
      S: UIDL
      S: USER
      S: SASL LOGIN
      S: RESP-CODES
      S: AUTH-RESP-CODE
      S: PIPELINING
      S: EXPIRE NEVER
      S: .
      C: AUTH
      S: +OK mechanisms follow
      S: LOGIN
      S: .
      C: AUTH PLAIN
      S: -ERR mechanism is not offered
      C: AUTH LOGIN
      S: + bmFtZT8=
      C: *
      S: -ERR authentication cancelled
      """),
    Transcript(
      "AUTH without TLS: not where a password may not be sent", policy: .closedSASL,
      """
      S: +OK pop.example.org POP3 server ready
      C: AUTH LOGIN
      S: -ERR AUTH needs TLS here
      C: USER alice
      S: -ERR login needs TLS here
      """),
    Transcript(
      "AUTH: offered, listed, with and without an initial response", isOverTLS: true,
      """
      S: +OK pop.example.org POP3 server ready
      C: CAPA
      S: +OK capabilities follow
      S: TOP
      S: UIDL
      S: USER
      S: SASL PLAIN LOGIN
      S: RESP-CODES
      S: AUTH-RESP-CODE
      S: PIPELINING
      S: EXPIRE NEVER
      S: .
      C: AUTH
      S: +OK mechanisms follow
      S: PLAIN
      S: LOGIN
      S: .
      C: AUTH CRAM-MD5
      S: -ERR mechanism is not offered
      C: auth plain YWxpY2U=
      S: +\u{20}
      C: d3Jvbmc=
      S: -ERR [AUTH] wrong user name or password
      C: AUTH Login
      S: + bmFtZT8=
      C: YWxpY2U=
      S: +\u{20}
      C: c2VjcmV0
      S: +OK 3 messages (83 octets)
      C: AUTH PLAIN
      S: -ERR already logged in
      """),
    Transcript(
      "AUTH: what is not base 64, cancelled, empty, too long", isOverTLS: true,
      """
      S: +OK pop.example.org POP3 server ready
      C: AUTH PLAIN x
      S: -ERR wrong arguments
      C: AUTH PLAIN x y
      S: -ERR wrong arguments
      C: AUTH ABCDEFGHIJKLMNOPQRSTU
      S: -ERR wrong arguments
      C: AUTH PLAIN
      S: + bmFtZT8=
      C: *
      S: -ERR authentication cancelled
      C: AUTH PLAIN
      S: + bmFtZT8=
      C: USER alice
      S: -ERR invalid response
      C: USER alice
      S: +OK send the password
      C: AUTH PLAIN =
      S: -ERR invalid response
      C: AUTH PLAIN
      S: + bmFtZT8=
      C: eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
      S: +\u{20}
      C: *
      S: -ERR authentication cancelled
      C: PASS secret
      S: -ERR send USER first
      C: AUTH PLAIN
      S: + bmFtZT8=
      C: eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
      S: -ERR line is too long
      C: AUTH PLAIN
      S: + bmFtZT8=
      C: YQ=
      S: -ERR invalid response
      C: AUTH PLAIN
      S: + bmFtZT8=
      C:\u{20}
      S: -ERR invalid response
      """),
  ]

  private static let authorization = [
    Transcript(
      "CAPA, NOOP and QUIT before login", end: .quit,
      """
      S: +OK pop.example.org POP3 server ready
      C: CAPA
      S: +OK capabilities follow
      S: TOP
      S: UIDL
      S: USER
      S: RESP-CODES
      S: AUTH-RESP-CODE
      S: PIPELINING
      S: EXPIRE NEVER
      S: IMPLEMENTATION ocean
      S: .
      C: NOOP
      S: -ERR log in first
      C: QUIT
      S: +OK bye
      """),
    Transcript(
      "Trap 6: commands in the wrong state change nothing",
      """
      S: +OK pop.example.org POP3 server ready
      C: STAT
      S: -ERR log in first
      C: PASS secret
      S: -ERR send USER first
      C: USER alice
      S: +OK send the password
      C: LIST
      S: -ERR log in first
      C: RETR 1
      S: -ERR log in first
      C: DELE 1
      S: -ERR log in first
      C: PASS secret
      S: +OK 3 messages (83 octets)
      C: USER bob
      S: -ERR already logged in
      C: PASS secret
      S: -ERR already logged in
      C: STLS
      S: -ERR already logged in
      C: STAT
      S: +OK 3 83
      """),
    Transcript(
      "Trap 6: PASS keeps every space",
      #"""
      S: +OK pop.example.org POP3 server ready
      C: USER alice
      S: +OK send the password
      C: PASS  secret
      S: -ERR [AUTH] wrong user name or password
      C: USER alice
      S: +OK send the password
      C: PASS secret\s
      S: -ERR [AUTH] wrong user name or password
      C: USER alice
      S: +OK send the password
      C: PASS secret
      S: +OK 3 messages (83 octets)
      """#),
    Transcript(
      "Trap 9: response codes", end: .loginAttempts,
      """
      S: +OK pop.example.org POP3 server ready
      C: USER busy
      S: +OK send the password
      C: PASS secret
      S: -ERR [IN-USE] mailbox is in use by another session
      C: USER down
      S: +OK send the password
      C: PASS secret
      S: -ERR [SYS/TEMP] login is not possible now
      C: USER broken
      S: +OK send the password
      C: PASS secret
      S: -ERR [SYS/PERM] mailbox cannot be opened
      C: USER alice
      C: PASS secret
      """),
    Transcript(
      "Trap 12: an unknown user is a wrong password", end: .loginAttempts,
      #"""
      S: +OK pop.example.org POP3 server ready
      C: USER nobody
      S: +OK send the password
      C: PASS secret
      S: -ERR [AUTH] wrong user name or password
      C: PASS secret
      S: -ERR send USER first
      C: USER alice
      S: +OK send the password
      C: PASS wrong
      S: -ERR [AUTH] wrong user name or password
      C: USER alice
      S: +OK send the password
      C: PASS\s
      S: -ERR [AUTH] wrong user name or password
      C: USER alice
      """#),
    Transcript(
      "The last of several names counts",
      """
      S: +OK pop.example.org POP3 server ready
      C: USER busy
      S: +OK send the password
      C: USER
      S: -ERR wrong arguments
      C: user alice@example.org
      S: +OK send the password
      C: PASS
      S: -ERR wrong arguments
      C: pAsS secret
      S: +OK 3 messages (83 octets)
      """),
    Transcript(
      "Names are one word of UTF-8",
      #"""
      S: +OK pop.example.org POP3 server ready
      C: USER alice smith
      S: -ERR wrong arguments
      C: USER  alice
      S: -ERR wrong arguments
      C: USER alice\t
      S: -ERR invalid character
      C: USER al\0ice
      S: -ERR invalid character
      C: USER al\xc2\x85ice
      S: -ERR invalid character
      C: USER al\xffice
      S: -ERR invalid character
      C: PASS secret
      S: -ERR send USER first
      C: USER j\xc3\xbcrgen
      S: +OK send the password
      C: PASS sec\0ret
      S: -ERR invalid character
      C: PASS s\xe9cret\xff
      S: -ERR [AUTH] wrong user name or password
      """#),
  ]

  private static let transaction = [
    Transcript.loggedIn(
      "The example of RFC 1939 §10, in our words", end: .quit, deleted: [0, 2], retrieved: [0, 2],
      """
      C: STAT
      S: +OK 3 83
      C: LIST
      S: +OK 3 messages (83 octets)
      S: 1 23
      S: 2 30
      S: 3 30
      S: .
      C: RETR 1
      S: +OK 23 octets
      S: Subject: one
      S:
      S: Hello
      S: .
      C: DELE 1
      S: +OK message is deleted
      C: RETR 3
      S: +OK 30 octets
      S: Subject: three
      S:
      S: l1
      S: l2
      S: l3
      S: .
      C: DELE 3
      S: +OK message is deleted
      C: QUIT
      S: +OK bye
      """),
    .loggedIn(
      "Traps 1 and 2: dots, bare LF and a missing last line end", end: .quit, deleted: [], retrieved: [1],
      """
      C: LIST 2
      S: +OK 2 30
      C: RETR 2
      S: +OK 30 octets
      S: ..leading dot
      S:
      S: ..
      S: last line
      S: .
      C: QUIT
      S: +OK bye
      """),
    .loggedIn(
      "Trap 3: TOP counts body lines and retrieves nothing", end: .quit, deleted: [], retrieved: [],
      """
      C: TOP 3 0
      S: +OK top of message follows
      S: Subject: three
      S:
      S: .
      C: TOP 3 2
      S: +OK top of message follows
      S: Subject: three
      S:
      S: l1
      S: l2
      S: .
      C: TOP 2 1
      S: +OK top of message follows
      S: ..leading dot
      S:
      S: ..
      S: .
      C: TOP 1 18446744073709551616
      S: +OK top of message follows
      S: Subject: one
      S:
      S: Hello
      S: .
      C: QUIT
      S: +OK bye
      """),
    .loggedIn(
      "Trap 4: deleted messages vanish, numbers stay, RSET brings them back", end: .quit, deleted: [2],
      """
      C: DELE 2
      S: +OK message is deleted
      C: STAT
      S: +OK 2 53
      C: LIST
      S: +OK 2 messages (53 octets)
      S: 1 23
      S: 3 30
      S: .
      C: UIDL
      S: +OK unique ids follow
      S: 1 uid-0
      S: 3 uid-2
      S: .
      C: LIST 2
      S: -ERR message is deleted
      C: UIDL 2
      S: -ERR message is deleted
      C: RETR 2
      S: -ERR message is deleted
      C: TOP 2 0
      S: -ERR message is deleted
      C: DELE 2
      S: -ERR message is deleted
      C: LIST 3
      S: +OK 3 30
      C: UIDL 3
      S: +OK 3 uid-2
      C: RSET
      S: +OK no message is deleted
      C: STAT
      S: +OK 3 83
      C: UIDL 2
      S: +OK 2 uid-1
      C: DELE 3
      S: +OK message is deleted
      C: QUIT
      S: +OK bye
      """),
    .loggedIn(
      "CAPA after login lists what works there",
      """
      C: CAPA
      S: +OK capabilities follow
      S: TOP
      S: UIDL
      S: RESP-CODES
      S: AUTH-RESP-CODE
      S: PIPELINING
      S: EXPIRE NEVER
      S: IMPLEMENTATION ocean
      S: .
      C: NOOP
      S: +OK nothing done
      """),
    .loggedIn(
      "Nothing behind QUIT is executed", end: .quit, deleted: [0],
      """
      C: DELE 1
      S: +OK message is deleted
      C: QUIT
      S: +OK bye
      C: RSET
      C: DELE 2
      C: QUIT
      """),
    .loggedIn(
      "Trap 7: without QUIT nothing is removed",
      """
      C: DELE 1
      S: +OK message is deleted
      C- QUIT
      """),
  ]

  private static let arguments = [
    Transcript.loggedIn(
      "Trap 4: numbers that name no message",
      #"""
      C: RETR 0
      S: -ERR no such message
      C: RETR 4
      S: -ERR no such message
      C: RETR +1
      S: -ERR wrong arguments
      C: RETR -1
      S: -ERR wrong arguments
      C: RETR  1
      S: -ERR wrong arguments
      C: RETR 1\s
      S: -ERR wrong arguments
      C: RETR 1x
      S: -ERR wrong arguments
      C: RETR 0x1
      S: -ERR wrong arguments
      C: DELE 9223372036854775808
      S: -ERR no such message
      C: DELE 18446744073709551616
      S: -ERR no such message
      C: DELE 18446744073709551617
      S: -ERR no such message
      C: DELE 99999999999999999999999999999999999999999999999999
      S: -ERR no such message
      C: LIST 0
      S: -ERR no such message
      C: UIDL 0
      S: -ERR no such message
      C: TOP 0 0
      S: -ERR no such message
      C: STAT
      S: +OK 3 83
      """#),
    .loggedIn(
      "A number may have leading zeros",
      """
      C: LIST 0003
      S: +OK 3 30
      C: LIST 000
      S: -ERR no such message
      """),
    .loggedIn(
      "Trap 5: arguments where none belong, or too few",
      #"""
      C: STAT x
      S: -ERR wrong arguments
      C: NOOP 1
      S: -ERR wrong arguments
      C: RSET 1
      S: -ERR wrong arguments
      C: CAPA x
      S: -ERR wrong arguments
      C: RETR
      S: -ERR wrong arguments
      C: RETR 1 2
      S: -ERR wrong arguments
      C: DELE
      S: -ERR wrong arguments
      C: DELE 1,2
      S: -ERR wrong arguments
      C: LIST 1 2
      S: -ERR wrong arguments
      C: UIDL 1 2
      S: -ERR wrong arguments
      C: TOP
      S: -ERR wrong arguments
      C: TOP 1
      S: -ERR wrong arguments
      C: TOP 1\s
      S: -ERR wrong arguments
      C: TOP 1  1
      S: -ERR wrong arguments
      C: TOP 1 -1
      S: -ERR wrong arguments
      C: TOP 1 1 1
      S: -ERR wrong arguments
      """#),
    .loggedIn(
      "Trap 5: a mistyped QUIT does not commit",
      """
      C: DELE 1
      S: +OK message is deleted
      C: QUIT now
      S: -ERR wrong arguments
      C:  QUIT
      S: -ERR unknown command
      C: QUITT
      S: -ERR unknown command
      C: QUI
      S: -ERR unknown command
      C: STAT
      S: +OK 2 60
      """),
    .loggedIn(
      "Spaces behind a command without arguments are ignored", end: .quit, deleted: [],
      #"""
      C: STAT\s
      S: +OK 3 83
      C: LIST\s\s
      S: +OK 3 messages (83 octets)
      S: 1 23
      S: 2 30
      S: 3 30
      S: .
      C: QUIT\s\s\s
      S: +OK bye
      """#),
  ]

  private static let lines = [
    Transcript.loggedIn(
      "A bare LF ends a line, keywords come in any case",
      #"""
      C- stat\n
      S: +OK 3 83
      C- NoOp\nnoop\r\n
      S: +OK nothing done
      S: +OK nothing done
      C- noop\r\r\n
      S: -ERR invalid character
      """#),
    .loggedIn(
      "Trap 13: what is not a command is refused and not echoed",
      #"""
      C:
      S: -ERR unknown command
      C: UTF8
      S: -ERR unknown command
      C: LANG *
      S: -ERR unknown command
      C: APOP alice c4c9334bac560ecc979e58001b3e22fb
      S: -ERR unknown command
      C: NO\0OP
      S: -ERR invalid character
      C: \0NOOP
      S: -ERR invalid character
      C: \0PASS x
      S: -ERR invalid character
      C: NOOP\x85
      S: -ERR invalid character
      C: NOOP\t
      S: -ERR invalid character
      C: \x1b[31m
      S: -ERR invalid character
      C: NOOP
      S: +OK nothing done
      """#),
    .loggedIn(
      "Trap 13: 255 octets with their line end, and no more",
      """
      C: STAT\(String(repeating: " ", count: 249))
      S: +OK 3 83
      C: STAT\(String(repeating: " ", count: 250))
      S: -ERR line is too long
      C: \(String(repeating: "QUIT\\r", count: 1000))
      S: -ERR line is too long
      C: STAT
      S: +OK 3 83
      """),
    .loggedIn(
      "Too many bad commands in a row end the session", end: .badCommands,
      String(repeating: "C: XYZ\nS: -ERR unknown command\n", count: 19)
        + "C: NOOP\nS: +OK nothing done\n"
        + String(repeating: "C: XYZ\nS: -ERR unknown command\n", count: 19)
        + "C: XYZ\nS: -ERR too many bad commands\nC: STAT"),
  ]
}
