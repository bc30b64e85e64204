import OceanSyntax

/// OC0480 to OC0489: mistakes in fleet files.
extension DiagnosticCode {
  static let fleetCodes: [DiagnosticCode] = [
    .noNodes, .sameNode, .unknownNode, .badTarget,
  ]

  static let noNodes = DiagnosticCode(
    id: "OC0480", severity: .error, title: "a fleet without nodes",
    explanation: """
      A fleet is the hosts that run ocean with one policy.

      ```yaml
      fleet: { config: ocean.yaml, nodes: [] }                                # wrong
      fleet: { config: ocean.yaml, nodes: [{ name: a, ssh: root@mx1 }] }      # right
      ```
      """)

  static let sameNode = DiagnosticCode(
    id: "OC0481", severity: .error, title: "two nodes that are one",
    explanation: """
      Each node is one host. Two nodes with one name cannot be told apart in a
      report; with one ssh target, facts file or plan file, one of them would be
      judged by what the other is.

      ```yaml
      nodes: [{ name: a, ssh: root@mx1 }, { name: b, ssh: root@mx1 }]     # wrong
      nodes: [{ name: a, ssh: root@mx1 }, { name: b, ssh: root@mx2 }]     # right
      ```
      """)

  static let unknownNode = DiagnosticCode(
    id: "OC0482", severity: .error, title: "a node of which nothing can be known",
    explanation: """
      A plan depends on what its host has: addresses, users, certificates. They are
      asked for over ssh, or read from a file that `ocean facts` wrote on the node.

      ```yaml
      nodes: [{ name: a }]                              # wrong
      nodes: [{ name: a, ssh: root@mx1 }]               # right
      nodes: [{ name: a, facts: facts/a.json }]         # right
      ```
      """)

  static let badTarget = DiagnosticCode(
    id: "OC0483", severity: .error, title: "not a place on another host",
    explanation: """
      `ssh` is one word that ssh takes for a host, and does not begin with a hyphen.
      Ports, keys and jumps belong into `~/.ssh/config`. `remote_config` is an
      absolute path on the node.

      ```yaml
      ssh: -p 2222 root@mx1     # wrong
      ssh: root@mx1             # right
      ```
      """)
}
