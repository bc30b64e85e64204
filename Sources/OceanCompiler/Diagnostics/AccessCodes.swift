import OceanSyntax

/// Codes about who may connect: mistakes, and what was probably not meant.
extension DiagnosticCode {
  static let accessCodes: [DiagnosticCode] = [
    .listFileUnreadable, .badListFile, .circularList, .brokenExpectation,
    .contradictoryExpectation, .brokenBound, .badBound, .contradictoryCase, .unusedInCase, .emptyCase,
  ]

  static let accessWarningCodes: [DiagnosticCode] = [
    .unusedAddressList, .overruledEntry, .nobodyMayConnect, .coveredLines, .everyAddressListed,
    .expectationOfNobody,
  ]

  static let listFileUnreadable = DiagnosticCode(
    id: "OC0324", severity: .error, title: "a list file cannot be read",
    explanation: """
      The address list file is missing, is not a regular file, or is larger than 64
      MiB. A relative path is relative to the config file that names it.
      A reload changes nothing then. A server that starts takes the entries that the
      file had in the last confirmed plan, and its log and `ocean status` say so; if
      no plan has them, it does not start.

      ```yaml
      black_list: [{ file: lists/drop.netset }]
      ```
      """)

  static let badListFile = DiagnosticCode(
    id: "OC0325", severity: .error, title: "a wrong line in a list file",
    explanation: """
      Each line of a list file is one address, network, range or wildcard; `#` and `;`
      start a comment. Any other line is an error: if it were skipped, an address
      that somebody meant to refuse could connect. A reload changes nothing then; a
      server that starts takes all entries of the file from the last confirmed plan.

      ```text
      192.0.2.0/24         # right
      198.51.100.7-90      # wrong: the end is an address too, 198.51.100.90
      ```
      """)

  static let expectationOfNobody = DiagnosticCode(
    id: "OC0463", severity: .warning, title: "an expectation about a proxy or an account that is not there",
    explanation: """
      The expectation is that clients are refused who come through a proxy that no
      service has, or with an account that no source has. They are refused whatever
      the rules say. With a typing error it guards nothing. If the point is that the
      proxy or the account must not be added, acknowledge it.

      ```yaml
      services:
        pop3: { proxy_from: [10.0.0.4] }
      expect:
        - { from: 203.0.113.9, via: 10.0.0.40, verdict: refuse }     # warned about
        - { from: 203.0.113.9, via: 10.0.0.4, verdict: refuse }
      ```
      """)

  static let circularList = DiagnosticCode(
    id: "OC0326", severity: .error, title: "an address list that names itself",
    explanation: """
      A list may name other lists, but not itself, directly or through others.

      ```yaml
      address_lists:
        office: [branch]
        branch: [office]     # wrong
      ```
      """)

  static let brokenExpectation = DiagnosticCode(
    id: "OC0327", severity: .error, title: "an expectation does not hold",
    explanation: """
      `expect` and `server.protect` say who must be able to connect or to log in, and
      who must not.
      The config says otherwise. The message names the addresses and what decides
      about them: a rule, `bind`, `proxy_from`, or what a login needs. Change that, or
      the expectation if it is out of date.

      ```yaml
      services:
        pop3: { ip_control: { black_list: [203.0.113.0/24] } }
      expect:
        - { from: 203.0.113.9, verdict: allow }     # broken by the black list
      ```
      """)

  static let contradictoryExpectation = DiagnosticCode(
    id: "OC0333", severity: .error, title: "an expectation that contradicts itself",
    explanation: """
      An expectation is about clients (`from` and `verdict`), about a list (`list`),
      or about services (`tls_at_least`, `plaintext_only_from`, `anti_hammering`).
      Its keys must make sense together: `tls` and `user` belong to a login, and
      `certificate` to clients that are let in and use TLS.

      ```yaml
      expect:
        - { from: office, can: login_plaintext, tls: 1.2, verdict: allow }  # wrong
        - { from: office, can: login, tls: 1.2, verdict: allow }            # right
        - { list: office, at_most: 300, verdict: allow }                    # wrong
      ```
      """)

  static let brokenBound = DiagnosticCode(
    id: "OC0455", severity: .error, title: "a list file that does not keep its bounds",
    explanation: """
      The file has fewer entries than `at_least`, more than `at_most`, or an entry
      that is larger than `largest_network` allows. So an empty download, a list that
      doubled over night or `0.0.0.0/0` in it is not used: a reload changes nothing,
      and a server that starts takes the list of the plan that it ran last.

      ```yaml
      black_list:
        - { file: drop.netset, at_least: 100, at_most: 5000, largest_network: /8 }
      ```
      """)

  static let badBound = DiagnosticCode(
    id: "OC0457", severity: .error, title: "a bound that no list file can keep",
    explanation: """
      `largest_network` is a slash and the length of an IPv4 network; for IPv6 the
      length is twice that. `at_least` is not above `at_most`.

      ```yaml
      - { file: drop.netset, largest_network: 8 }     # wrong
      - { file: drop.netset, largest_network: /8 }    # for IPv6 that is a /16
      ```
      """)

  static let everyAddressListed = DiagnosticCode(
    id: "OC0456", severity: .warning, title: "a list file that holds every address",
    explanation: """
      The list file holds all IPv4 or all IPv6 addresses: as a black list it refuses
      everybody, as a white list it lets everybody in. In a list that somebody else
      publishes that is a mistake. A bound keeps it out:

      ```yaml
      black_list: [{ file: lists/drop.netset, largest_network: /8 }]
      ```
      """)

  static let contradictoryCase = DiagnosticCode(
    id: "OC0334", severity: .error, title: "a case that contradicts itself",
    explanation: """
      What a case of a test file wants cannot all be so at once, whatever the config
      says.

      ```yaml
      tests:
        - { from: office, tls: none, want: { certificate: main } }     # wrong
        - { from: office, tls: 1.2, want: { certificate: main } }      # right
      ```
      """)

  static let unusedInCase = DiagnosticCode(
    id: "OC0335", severity: .error, title: "a key that makes no difference in a case",
    explanation: """
      Nothing that the case of a test file wants depends on the key: it looks as if
      more were tested than is. `server_name` is for `certificate`, `at` for `codes`,
      `user` for `verdict`, `rule` and `mailbox`.

      ```yaml
      tests:
        - { from: office, at: 2027-02-21, want: { verdict: allow } }     # wrong
        - { at: 2027-02-21, want: { codes: [] } }                        # right
      ```
      """)

  static let emptyCase = DiagnosticCode(
    id: "OC0336", severity: .error, title: "a case that wants nothing",
    explanation: """
      A case of a test file that wants nothing would always hold, and so would a file
      without cases.

      ```yaml
      tests:
        - { from: office, want: {} }                      # wrong
        - { from: office, want: { verdict: allow } }      # right
      ```
      """)

  static let unusedAddressList = DiagnosticCode(
    id: "OC0418", severity: .warning, title: "an address list that nothing uses",
    explanation: """
      The list is defined and checked, but no setting names it.

      ```yaml
      address_lists: { office: [198.51.100.8/29] }
      services:
        pop3: { ip_control: { white_list: [office] } }     # without this: a warning
      ```
      """)

  static let overruledEntry = DiagnosticCode(
    id: "OC0419", severity: .warning, title: "a black-list entry that the white list overrules",
    explanation: """
      Every address of the entry, of the list it names or of the file, is on the white
      list of the same service, which comes first: the entry refuses nobody there. A
      black list of `service_defaults` may still refuse clients of other services.

      ```yaml
      ip_control:
        black_list: [203.0.113.9]
        white_list: [203.0.113.0/24]
      ```
      """)

  static let ownNetworkRefused = DiagnosticCode(
    id: "OC0430", severity: .warning, title: "a black list that keeps out the host itself",
    explanation: """
      The black list holds the host's own addresses, or a published list in it holds
      private networks: webmail and monitoring on this host, or an office behind a
      VPN, cannot connect. Lists of addresses that should never be seen on the
      internet ("bogons") hold them all. The white list comes first:

      ```yaml
      ip_control:
        black_list: [{ file: lists/bogons.netset }]
        white_list: [127.0.0.0/8, 10.0.0.0/8]
      ```
      """)

  static let nobodyMayConnect = DiagnosticCode(
    id: "OC0420", severity: .warning, title: "nobody may connect",
    explanation: """
      The rules of the service leave no address that may connect. With `default:
      refuse` only the white list comes in, so it must have entries and be switched
      on.

      ```yaml
      ip_control: { default: refuse, white_list: [192.0.2.0/24] }
      ```
      """)

  static let coveredLines = DiagnosticCode(
    id: "OC0421", severity: .note, title: "lines of a list file that others cover",
    explanation: """
      Lines of the file lie within others of the same file, and change nothing.
      Published lists are often like that; it does no harm.
      """)
}
