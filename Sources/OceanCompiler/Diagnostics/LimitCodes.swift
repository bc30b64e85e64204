import OceanSyntax

/// Codes about limits that do not do what they seem to do.
extension DiagnosticCode {
  static let limitCodes: [DiagnosticCode] = [.limitWithoutEffect, .fewOpenFiles]

  static let limitWithoutEffect = DiagnosticCode(
    id: "OC0426", severity: .warning, title: "a limit without effect",
    explanation: """
      The number is at least as large as the number of connections that all enabled
      services together let in (`max_connections`). That is reached first, and the
      limit refuses nobody: one address, or connections without a login, may take all
      places.

      ```yaml
      server:
        limits: { prelogin_connections: 1000 }     # warned about
      services:
        pop3: { max_connections: 200 }
      ```
      """)

  static let fewOpenFiles = DiagnosticCode(
    id: "OC0432", severity: .warning, title: "more connections than open files",
    explanation: """
      Each connection is an open file. The services let in more than a process may
      have open here (the hard limit, `ulimit -Hn`), minus about 64 for mail, sockets
      and the server itself. Before `max_connections` is reached, connections that
      have not logged in give way, and others are refused. If not even one client
      could be served, this is an error, and the server does not start.

      The server raises its own limit up to the hard one. Raise that in its unit,
      or let in fewer:

      ```ini
      [Service]
      LimitNOFILE=4096
      ```
      """)
}
