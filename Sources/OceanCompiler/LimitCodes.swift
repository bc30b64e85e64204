import OceanSyntax

/// Limits that do not do what they seem to.
extension DiagnosticCode {
  static let limitCodes: [DiagnosticCode] = [.limitWithoutEffect]

  static let limitWithoutEffect = DiagnosticCode(
    id: "OC0426", severity: .warning, title: "a limit that never decides",
    explanation: """
      The number is at least as large as what all enabled services together let in
      (`max_connections`). That is reached first, and the limit refuses nobody: one
      address may take all places, or connections without a login may.

      ```yaml
      server:
        limits: { prelogin_connections: 1000 }     # warned about
      services:
        pop3: { max_connections: 200 }
      ```
      """)
}
