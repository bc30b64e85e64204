import OceanSyntax

/// OC0313 to OC0323: TLS that would not work, or would not be what it seems.
extension DiagnosticCode {
  static let tlsCodes: [DiagnosticCode] = [
    .contradictoryLogin, .noCertificate, .certificateNotChosen, .portWithAndWithoutTLS,
    .certificateUnreadable, .malformedPEM, .keyMismatch, .keyExposed, .unusableKey, .outOfValidity,
    .ambiguousCertificates,
  ]

  static let contradictoryLogin = DiagnosticCode(
    id: "OC0313", severity: .error, title: "logins without TLS, where TLS is required",
    explanation: """
      `plaintext_login: always` lets everybody log in without TLS, and `explicit:
      required` nobody. With a certificate `required` is the default. Networks that
      may log in without TLS all the same can be named.

      ```yaml
      plaintext_login: always                    # wrong
      tls: { explicit: required }

      plaintext_login: [192.168.7.0/24]          # right
      tls: { explicit: required }
      ```
      """)

  static let noCertificate = DiagnosticCode(
    id: "OC0314", severity: .error, title: "no certificate for TLS",
    explanation: """
      A service that offers TLS needs a certificate and its key. An ACME client such
      as certbot gets one, for free.

      ```yaml
      certificates:
        main: { chain: tls/fullchain.pem, key: tls/privkey.pem }
      services:
        pop3: { tls: { implicit: [995] } }
      ```
      """)

  static let certificateNotChosen = DiagnosticCode(
    id: "OC0315", severity: .error, title: "more than one certificate to choose from",
    explanation: """
      With one certificate the services use it. With several, each service, or
      `service_defaults`, says which. From a list, a client gets the certificate for
      the host that it names, and the first if it names no host.

      ```yaml
      services:
        pop3: { tls: { certificate: [main, old-name] } }
      ```
      """)

  static let portWithAndWithoutTLS = DiagnosticCode(
    id: "OC0316", severity: .error, title: "a port both plain and TLS",
    explanation: """
      On a plain port a session begins in plain text, and may go over to TLS with
      STLS; on a port of `tls.implicit` it begins with TLS. No port is both.

      ```yaml
      pop3: { ports: [110, 995] }                          # wrong: 995 is TLS
      pop3: { ports: [110], tls: { implicit: [995] } }     # right
      ```
      """)

  static let certificateUnreadable = DiagnosticCode(
    id: "OC0317", severity: .error, title: "a certificate, key or passphrase is missing",
    explanation: """
      The file is not there or cannot be read. A relative path is relative to the
      config file that names it. A file that only this user may not read is not an
      error: it is listed as not checked.

      ```yaml
      main: { chain: tls/fullchian.pem, key: tls/privkey.pem }     # wrong
      main: { chain: tls/fullchain.pem, key: tls/privkey.pem }     # right
      ```
      """)

  static let malformedPEM = DiagnosticCode(
    id: "OC0318", severity: .error, title: "a file is not the PEM it should be",
    explanation: """
      Certificates and keys are read in PEM form: lines of Base64 between a line BEGIN
      and a line END. The message names the line of the block that cannot be read. DER
      is converted with:

      ```sh
      openssl x509 -inform DER -in cert.der -out cert.pem
      ```
      """)

  static let keyMismatch = DiagnosticCode(
    id: "OC0319", severity: .error, title: "the key is not the certificate's",
    explanation: """
      The public key in the certificate is not that of the private key, so no
      handshake would succeed. Most often one of the files is older than the other.

      ```sh
      openssl x509 -in tls/fullchain.pem -noout -pubkey     # both must print
      openssl pkey -in tls/privkey.pem -pubout              # the same
      ```
      """)

  static let keyExposed = DiagnosticCode(
    id: "OC0320", severity: .error, title: "others can read the private key",
    explanation: """
      Anybody who has the key can pretend to be this server. Its file is for the
      owner, and perhaps a group. A chain file, which many may read, must not hold a
      key.

      ```sh
      chgrp ssl-cert tls/privkey.pem && chmod 640 tls/privkey.pem
      ```
      """)

  static let unusableKey = DiagnosticCode(
    id: "OC0321", severity: .error, title: "a key that cannot be used",
    explanation: """
      The key is encrypted and the passphrase is wrong or not given, or it is of a
      kind that TLS servers do not use. The config says where a passphrase is, never
      the passphrase itself.

      ```yaml
      main:
        chain: tls/fullchain.pem
        key: tls/privkey.pem
        passphrase: { credential: key-passphrase }     # or file, or env
      ```
      """)

  static let outOfValidity = DiagnosticCode(
    id: "OC0322", severity: .error, title: "a certificate has expired, or is not valid yet",
    explanation: """
      Clients refuse the certificate. `ocean serve` says the same as a warning, and
      runs: a server that starts again should not stay down because of it. `ocean
      check --at` tells what will be said at another time.

      ```sh
      ocean check --at 2027-03-01T00:00:00Z ocean.yaml
      ```
      """)

  static let ambiguousCertificates = DiagnosticCode(
    id: "OC0323", severity: .error, title: "two certificates for one name",
    explanation: """
      Two certificates of a service have the same name and the same kind of key, so it
      would be arbitrary which one a client gets. Two kinds, such as RSA for old
      clients and ECDSA for the others, are fine.

      ```yaml
      tls: { certificate: [main, main-of-last-year] }     # wrong: both ECDSA
      tls: { certificate: [main, main-rsa] }              # right
      ```
      """)
}
