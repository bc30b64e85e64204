import OceanSyntax

/// OC0340 to OC0342: a monitor that tells strangers what it knows.
extension DiagnosticCode {
  static let monitorCodes: [DiagnosticCode] = [.openMonitor, .unusableToken, .tokenExposed]

  static let openMonitor = DiagnosticCode(
    id: "OC0340", severity: .error, title: "a monitor that other hosts can ask",
    explanation: """
      The monitor tells how many sessions there are, which plan runs and which
      certificates there are. Off loopback it does so only for those who have its
      token, or whose addresses are on a white list beside `default: refuse`.

      ```yaml
      monitor: { bind: [192.0.2.10:9464] }   # wrong
      monitor: { bind: [192.0.2.10:9464], token: { file: monitor.token } }   # right
      monitor: { bind: [127.0.0.1:9464] }   # right, too
      ```

      So is this, where the network is the administrators' own:

      ```yaml
      monitor:
        bind: [192.0.2.10:9464]
        ip_control: { default: refuse, white_list: [192.0.2.0/24] }
      ```
      """)

  static let unusableToken = DiagnosticCode(
    id: "OC0341", severity: .error, title: "no token for the monitor",
    explanation: """
      The token is missing, cannot be read, or is not one that requests can have: it
      has 16 to 256 visible ASCII characters, on one line.

      ```sh
      (umask 077; head -c 24 /dev/urandom | base64 > monitor.token)
      ```
      """)

  static let tokenExposed = DiagnosticCode(
    id: "OC0342", severity: .error, title: "others can read the monitor's token",
    explanation: """
      Anybody who has the token can see who is logged in and which addresses are
      blocked. Its file is for the owner, and perhaps the group of the server's user.

      ```sh
      chgrp vmail monitor.token && chmod 640 monitor.token
      ```
      """)
}
