import OceanSyntax

/// Codes about entries of address lists that have an end.
extension DiagnosticCode {
  static let endCodes: [DiagnosticCode] = [.badEnd, .laterExpectation, .nextEnd, .endedEntry, .vainEnd]

  static let nextEnd = DiagnosticCode(
    id: "OC0458", severity: .note, title: "the next rule that ends",
    explanation: """
      An entry of an address list has an end, and this one comes first. From then on
      it is as if the entry were not there: a running server drops it by itself.

      ```yaml
      white_list: [{ address: 203.0.113.9, until: 2027-01-31 }]
      ```
      """)

  static let endedEntry = DiagnosticCode(
    id: "OC0459", severity: .warning, title: "an entry whose end has come",
    explanation: """
      The entry no longer counts: the plan is the same without it. Remove it, or give
      it a later end. `ocean check --at 2027-02-01` tells beforehand.

      ```yaml
      white_list: [{ address: 203.0.113.9, until: 2020-01-31 }]
      ```
      """)

  static let badEnd = DiagnosticCode(
    id: "OC0460", severity: .error, title: "an end that cannot be used",
    explanation: """
      `until` is a date, which is the end of that day in UTC, or a time as in RFC
      3339. It belongs to one address, network or range: the entries of a named list
      have ends of their own. Exceptions of `server.limits` have no end.

      ```yaml
      address_lists:
        guests:
          - { address: 203.0.113.9, until: 2027-01-31 }
          - { address: 198.51.100.0/28, until: 2027-01-31T18:00:00+01:00 }
      white_list: [guests]
      ```
      """)

  static let vainEnd = DiagnosticCode(
    id: "OC0461", severity: .warning, title: "an end that changes nothing",
    explanation: """
      Other entries of the list have no end and hold the same addresses: they stay on
      the list.

      ```yaml
      white_list: [203.0.113.0/24, { address: 203.0.113.9, until: 2027-01-31 }]
      ```
      """)

  static let laterExpectation = DiagnosticCode(
    id: "OC0462", severity: .error, title: "an expectation that will not hold for good",
    explanation: """
      The expectation holds now, and no longer once a rule has ended. An entry of the
      expectation can have an end, too.

      ```yaml
      ip_control:
        default: refuse
        white_list: [{ address: 203.0.113.9, until: 2027-01-31 }]
      expect:
        - { from: 203.0.113.9, verdict: allow }     # wrong
        - { from: { address: 203.0.113.9, until: 2027-01-31 }, verdict: allow }
      ```
      """)
}
