package import OceanPlan
package import OceanSyntax

/// A fleet: hosts that run ocean with one policy.
package struct Fleet: Sendable, Hashable {
  package var name: String
  package var nodes: [Node]
  package var rollout = Rollout()

  package init(name: String, nodes: [Node]) { (self.name, self.nodes) = (name, nodes) }

  /// How a plan comes to the nodes.
  package struct Rollout: Sendable, Hashable {
    static let soak = 300
    static let batch = 25

    /// How long the nodes are watched after each step, in seconds.
    package var soakSeconds = Self.soak
    /// How many nodes get the plan together, in percent of all.
    package var batchPercent = Self.batch
    package var healthy = Health()

    package init() {}

    /// On all nodes together, whatever comes of it.
    package static let atOnce: Rollout = {
      var rollout = Rollout()
      (rollout.soakSeconds, rollout.batchPercent) = (0, 100)
      (rollout.healthy.loginsTemporaryFailed, rollout.healthy.loginsFailed) = (100, 100)
      (rollout.healthy.handshakesFailed, rollout.healthy.refused) = (100, 100)
      return rollout
    }()
  }

  /// By how many percent of all a share may be larger than it was before.
  package struct Health: Sendable, Hashable {
    /// Fewer failures than these count as none: of two logins one may be a mistyped password.
    package static let fewest = 3

    package var loginsTemporaryFailed = 1
    package var loginsFailed = 20
    package var handshakesFailed = 10
    package var refused = 20

    package init() {}
  }

  package struct Node: Sendable, Hashable {
    package var name: String
    /// Its line in the fleet file.
    package var place: Provenance.Origin
    /// Where ssh reaches it; nil if it is not asked.
    package var ssh: String?
    /// The absolute path of its config here.
    package var config: String
    /// The absolute path of its config there.
    package var remoteConfig: String
    /// The absolute path of its facts here; nil if they are asked for.
    package var facts: String?
    /// The absolute path of the plan that runs there; nil if it is asked for.
    package var plan: String?
    /// Whether it gets a plan before the others.
    package var isCanary = false

    package init(
      name: String, place: Provenance.Origin, ssh: String? = nil, config: String,
      remoteConfig: String = LoadedFleet.standardConfig, facts: String? = nil, plan: String? = nil
    ) {
      (self.name, self.place, self.ssh, self.config) = (name, place, ssh, config)
      (self.remoteConfig, self.facts, self.plan) = (remoteConfig, facts, plan)
    }
  }
}

/// A fleet file that was read.
package struct LoadedFleet: Sendable {
  /// Nil if the file has mistakes.
  package let fleet: Fleet?
  package let sources: SourceSet
  /// All mistakes, sorted by place.
  package let diagnostics: [Diagnostic]

  /// The config of a host that was installed as usual.
  package static let standardConfig = "/etc/ocean/ocean.yaml"

  /// Reads and decodes the fleet file at `path`.
  ///
  /// - Throws: why it cannot be read; all other mistakes are diagnostics.
  package init(_ path: String, files: FileAccess) throws(FileAccess.ReadError) {
    let bytes = try files.read(path)
    var sources = SourceSet()
    let source = sources.add(path: path, bytes: bytes)
    guard ConfigText.isText(bytes, with: Settings.fleetFile.settings.map(\.key)) else {
      self.sources = sources
      (fleet, diagnostics) = (nil, [Self.notAFleetFile(source, bytes)])
      return
    }
    let (root, found) = parseYAML(source, in: sources)
    var decoder = Decoder(
      folders: [source: files.directory(path)], isComplete: true, places: { Settings.placesInFleets },
      diagnostics: found)
    let file = root.flatMap { Settings.fleetFile.decode($0, &decoder) }
    var fleet: Fleet?
    if let root = file?.fleet {
      fleet = root.value.fleet(named: Self.name(of: path), at: root.span, sources, &decoder)
    }
    self.sources = sources
    diagnostics = decoder.diagnostics.sorted()
    self.fleet = diagnostics.isEmpty ? fleet : nil
  }

  /// The name of a file without its folder and ending.
  private static func name(of path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.split(separator: ".").first.map(String.init) ?? file
  }

  /// The diagnostic for a file that is not a fleet file. No line of it is shown.
  private static func notAFleetFile(_ source: SourceID, _ bytes: [UInt8]) -> Diagnostic {
    let start = Position(line: 1, column: 1)
    let kind = ConfigText.isConfig(bytes) ? "a config" : FileKind(bytes)?.words
    var mistake = Diagnostic(
      .wrongShape,
      kind.map { "this is \($0), not a fleet file" } ?? "this is not a fleet file: it has no key 'fleet'",
      at: Span(source: source, start: start, end: start),
      help:
        "a fleet file is like this: fleet: { config: ocean.yaml, nodes: [{ name: a, ssh: mx1.example.org }] }"
    )
    mistake.hidesLine = true
    return mistake
  }
}

extension FleetFile.Root {
  fileprivate func fleet(
    named fallback: String, at span: Span, _ sources: SourceSet, _ decoder: inout Decoder
  ) -> Fleet? {
    guard let nodes else { return nil }
    if nodes.value.isEmpty, !isMistaken("nodes") {
      decoder.report(
        .noNodes, nodes.span, "a fleet without nodes",
        help: "write one: - { name: a, ssh: root@mx1.example.org }")
    }
    checkTwice(\.name, "the name", in: nodes.value, &decoder)
    checkTwice(\.ssh, "the ssh target", in: nodes.value, &decoder)
    checkTwice(\.facts, "the facts file", in: nodes.value, &decoder)
    checkTwice(\.plan, "the plan file", in: nodes.value, &decoder)
    for node in nodes.value { check(node, &decoder) }
    var fleet = Fleet(
      name: name?.value ?? fallback,
      nodes: nodes.value.compactMap { node in
        guard let name = node.value.name?.value, let config = node.value.config?.value ?? config?.value else {
          return nil
        }
        var result = Fleet.Node(
          name: name, place: sources.origin(of: node.value.name?.span ?? node.span),
          ssh: node.value.ssh?.value, config: config, facts: node.value.facts?.value,
          plan: node.value.plan?.value)
        if let remote = node.value.remoteConfig?.value { result.remoteConfig = remote }
        result.isCanary = node.value.canary?.value ?? false
        return result
      })
    if let soak { fleet.rollout.soakSeconds = soak.value ?? 0 }
    if let batch { fleet.rollout.batchPercent = batch.value }
    if let healthy = healthy?.value { fleet.rollout.healthy = Fleet.Health(healthy) }
    return fleet
  }

  private func check(_ node: Located<FleetFile.Node>, _ decoder: inout Decoder) {
    let value = node.value
    let span = value.name?.span ?? node.span
    if value.facts == nil, value.ssh == nil, !value.isMistaken("facts"), !value.isMistaken("ssh") {
      decoder.report(
        .unknownNode, span, "nothing can be known of a node without 'ssh' and 'facts'",
        help: "add ssh: root@mx1.example.org, or facts: with a file that 'ocean facts' wrote there")
    }
    if value.config == nil, config == nil, !value.isMistaken("config"), !isMistaken("config") {
      decoder.report(
        .missingSetting, span, "a node needs 'config', or the fleet has one for all",
        help: "for example config: ocean.yaml, beside 'nodes'")
    }
  }

  /// Reports values that two nodes have: they would be one host, or one would be taken for the other.
  private func checkTwice(
    _ path: KeyPath<FleetFile.Node, Located<String>?>, _ what: String,
    in nodes: [Located<FleetFile.Node>], _ decoder: inout Decoder
  ) {
    var first: [String: Span] = [:]
    for node in nodes {
      guard let value = node.value[keyPath: path] else { continue }
      guard let span = first[value.value] else {
        first[value.value] = value.span
        continue
      }
      decoder.diagnostics.append(
        Diagnostic(
          .sameNode, "two nodes have \(what) '\(value.value)'", at: value.span,
          related: [Diagnostic.Related("the first is here", at: span)],
          help: "each node is one host, with a name, a target and files of its own"))
    }
  }
}

extension Fleet.Health {
  fileprivate init(_ written: FleetFile.Healthy) {
    self.init()
    if let share = written.loginsTemporaryFailed { loginsTemporaryFailed = share.value }
    if let share = written.loginsFailed { loginsFailed = share.value }
    if let share = written.handshakesFailed { handshakesFailed = share.value }
    if let share = written.refused { refused = share.value }
  }
}

extension SourceSet {
  fileprivate func origin(of span: Span) -> Provenance.Origin {
    Provenance.Origin(file: path(span.source), line: Int(span.start.line), column: Int(span.start.column))
  }
}
