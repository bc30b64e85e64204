import OceanSyntax

/// OC0412 to OC0417, and OC0428: certificates and TLS that work, but may not be what was meant.
extension DiagnosticCode {
  static let tlsWarningCodes: [DiagnosticCode] = [
    .chainOrder, .weakCertificate, .expiresSoon, .hostNameNotCovered, .legacyProfile, .unusedCertificate,
  ]

  static let chainOrder = DiagnosticCode(
    id: "OC0412", severity: .warning, title: "a chain that is not in order",
    explanation: """
      A chain file holds the server's own certificate, then that of its issuer, and so
      on, without the root and anything else (RFC 8446 §4.4.2). ocean sends a
      corrected chain where it can; a missing issuer makes most clients refuse the
      server.

      ```sh
      cat mail.example.org.pem intermediate.pem >tls/fullchain.pem
      ```
      """)

  static let weakCertificate = DiagnosticCode(
    id: "OC0413", severity: .warning, title: "a weak key or signature",
    explanation: """
      RSA keys of less than 2048 bits, and signatures with MD5 or SHA-1, can be
      forged. libssl refuses such certificates, so they are an error for services
      whose profile is not `legacy`, and today's clients refuse them anyway.

      ```sh
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out privkey.pem
      ```
      """)

  static let expiresSoon = DiagnosticCode(
    id: "OC0414", severity: .warning, title: "a certificate expires soon",
    explanation: """
      Less than 30 days are left. ACME clients renew earlier than that, so most likely
      the renewal fails, or its result is not where this config looks for it.

      ```sh
      certbot renew --dry-run
      ```
      """)

  static let hostNameNotCovered = DiagnosticCode(
    id: "OC0415", severity: .warning, title: "no certificate for the host name",
    explanation: """
      The server calls itself `server.hostname`, and clients that connect by that name
      want a certificate for it. If they connect by a different name, and the
      certificate is for that name, acknowledge this.

      ```yaml
      server: { hostname: mail.example.org }     # and the certificate is for this too
      ```
      """)

  static let legacyProfile = DiagnosticCode(
    id: "OC0416", severity: .note, title: "old protocols",
    explanation: """
      `profile: legacy` offers what the linked libssl can still do. The message says
      which versions these are, found by trying them: distributions leave the oldest
      out. Keep it to a service of its own, for the devices that need it.

      ```yaml
      services:
        pop3: {}
        scanners: { bind: [10.0.0.5], tls: { profile: legacy } }
      ```
      """)

  static let unusedCertificate = DiagnosticCode(
    id: "OC0417", severity: .warning, title: "a certificate that no service uses",
    explanation: """
      The certificate is defined and checked, but every service names others, or has
      no TLS.

      ```yaml
      certificates:
        main: { chain: tls/fullchain.pem, key: tls/privkey.pem }
      services:
        pop3: { tls: { explicit: off, implicit: [] } }     # main is warned about
      ```
      """)

  static let unsuitableCertificate = DiagnosticCode(
    id: "OC0428", severity: .warning, title: "a certificate that clients refuse",
    explanation: """
      Clients want a server's certificate to have its names as alternative names (RFC
      9525 §6.3), a key that may sign, and to be for servers, if it says what it is
      for. Two things that only some clients refuse are notes: a CA's own
      certificate, and one for more than 825 days.

      ```sh
      ocean cert new mail.example.org --out tls     # self-signed, as clients want it
      ```
      """)
}
