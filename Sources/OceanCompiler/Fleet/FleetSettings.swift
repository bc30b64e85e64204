import OceanPlan
import OceanSyntax

/// The settings table of fleet files. They are decoded as a config is, with the same words for mistakes.
extension Settings {
  static let fleetFile = Section<FleetFile>(
    summary: "the fleet file",
    settings: [
      Setting(
        "fleet", .section(fleet), \.fleet, required: "{ nodes: [{ name: a, ssh: root@mx1.example.org }] }",
        "The nodes, and what is known of them.")
    ])

  static let fleet = Section<FleetFile.Root>(
    summary: "a fleet",
    settings: [
      Setting(
        "name", .name(of: "a fleet"), \.name, default: .words("the name of the file"),
        "What the fleet is called in reports."),
      Setting(
        "config", .path, \.config, default: .words("each node names its own"),
        "The config that the nodes are to run, relative to this file. It is compiled once per node, with the facts of that "
          + "node."),
      Setting(
        "nodes", .list(.section(fleetNode), of: "nodes"), \.nodes,
        required: "[{ name: a, ssh: root@mx1.example.org }]",
        "The hosts that run ocean with one policy."),
      Setting(
        "soak", .durationOrOff(1...86_400), \.soak,
        default: .written(Duration.text(seconds: Fleet.Rollout.soak)),
        "How long `ocean fleet apply` watches the nodes after the canaries, and after each batch, before it goes on."
      ),
      Setting(
        "batch", .share, \.batch, default: .written("\(Fleet.Rollout.batch)%"),
        "How many nodes get a plan together once the canaries are well: a share of all nodes, at least one."),
      Setting(
        "healthy", .section(fleetHealth), \.healthy, default: .words("the default of each"),
        "By how much a share may be larger after a plan was applied than it was before. Fewer than "
          + "\(Fleet.Health.fewest) failures count as none."),
    ])

  static let fleetHealth = Section<FleetFile.Healthy>(
    summary: "limits of what is healthy",
    example: "{ logins_temporary_failed: 1% }",
    settings: [
      Setting(
        "logins_temporary_failed", .share, \.loginsTemporaryFailed,
        default: .written("\(Fleet.Health().loginsTemporaryFailed)%"),
        "Of all logins, those that failed because something was away."),
      Setting(
        "logins_failed", .share, \.loginsFailed, default: .written("\(Fleet.Health().loginsFailed)%"),
        "Of all logins, those that failed, for whatever reason."),
      Setting(
        "handshakes_failed", .share, \.handshakesFailed,
        default: .written("\(Fleet.Health().handshakesFailed)%"), "Of all TLS handshakes, those that failed."),
      Setting(
        "refused", .share, \.refused, default: .written("\(Fleet.Health().refused)%"),
        "Of all connections, those that one rule refused: each reason is looked at for itself."),
    ])

  static let fleetNode = Section<FleetFile.Node>(
    summary: "a node",
    example: "- { name: a, ssh: root@mx1.example.org }",
    settings: [
      Setting(
        "name", .name(of: "a node"), \.name, required: "a", "What the node is called in reports."),
      Setting(
        "ssh", .sshTarget, \.ssh, default: .words("the node is not asked"),
        "Where ssh(1) reaches the node: a host, `user@host`, or a name in `~/.ssh/config`, which is the place for ports, keys "
          + "and jumps. The user must be allowed to ask the server."),
      Setting(
        "config", .path, \.config, default: .words("that of the fleet"),
        "The config of this node, relative to this file, if it is another one."),
      Setting(
        "remote_config", .remotePath, \.remoteConfig, default: .written(LoadedFleet.standardConfig),
        "Where the config is on the node."),
      Setting(
        "facts", .path, \.facts, default: .words("they are asked for over ssh"),
        "A file that `ocean facts` wrote on the node, relative to this file."),
      Setting(
        "plan", .path, \.plan, default: .words("it is asked for over ssh"),
        "A file with the plan that runs on the node, relative to this file: `ocean plan --running --out` wrote it, or it was "
          + "saved when it was applied."),
      Setting(
        "canary", .boolean, \.canary, default: .written("false"),
        "Whether the node gets a plan before the others."),
    ])

  /// The places of keys in fleet files, by key.
  static let placesInFleets = places(of: fleetFile.rows)
}

extension ValueType where Value == Int {
  /// A share in percent.
  static let share = ValueType(
    summary: "a share from `1%` to `100%`", schema: ["type": "string", "pattern": "^([1-9][0-9]?|100)%$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a share like 25%") else { return nil }
    let digits = text.utf8.dropLast()
    guard text.utf8.last == UInt8(ascii: "%"), digits.first != UInt8(ascii: "0"),
      digits.allSatisfy({ (48...57).contains($0) }), let number = Int(text.dropLast()),
      (1...100).contains(number)
    else {
      let isMeant = Int(text).map((1...100).contains) == true
      decoder.report(
        .notANumber, node.span, "'\(text)' is not a share from 1% to 100%",
        help: isMeant ? "write \(text)%" : "write it like 25%")
      return nil
    }
    return number
  }
}

extension ValueType where Value == String {
  /// What ssh takes for a host. It is one word, and not an option.
  static let sshTarget = ValueType(
    summary: "a host as ssh takes it", schema: ["type": "string", "pattern": "^[^-\\s][^\\s]*$"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a host as ssh takes it") else { return nil }
    let isOneWord = text.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 }
    guard isOneWord, !text.hasPrefix("-") else {
      decoder.report(
        .badTarget, node.span, "'\(text)' is not a host for ssh",
        help: "write a host, user@host or a name in ~/.ssh/config; options belong there")
      return nil
    }
    return text
  }

  /// An absolute path on another host.
  static let remotePath = ValueType(
    summary: "an absolute path on the node", schema: ["type": "string", "pattern": "^/"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "an absolute path on the node") else { return nil }
    let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    guard text.utf8.first == UInt8(ascii: "/"), isPrintable else {
      decoder.report(
        .badTarget, node.span, "'\(text)' is not an absolute path on the node",
        help: "write it like \(LoadedFleet.standardConfig)")
      return nil
    }
    return text
  }
}
