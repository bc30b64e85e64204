import Foundation
import OceanPlan
import OceanSyntax
import Testing

@testable import OceanCompiler

/// Reads fleet files.
@Suite struct FleetFileTests {
  static let folder = Repository.tests.appending(path: "BadFleets")
  static let names = Repository.names(in: folder, ending: ".yaml")

  /// Exactly the mistakes of each file in BadFleets, as `ocean fleet` prints them.
  @Test(arguments: names) func `says exactly`(_ name: String) throws {
    let loaded = try LoadedFleet("\(name).yaml", files: .fixtures(in: Self.folder))
    #expect(loaded.fleet == nil)
    let report = DiagnosticRenderer.human(loaded.diagnostics, in: loaded.sources)
    let expectation = Self.folder.appending(path: "\(name).txt")
    if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
      try report.write(to: expectation, atomically: true, encoding: .utf8)
    }
    #expect(try report == String(contentsOf: expectation, encoding: .utf8))
    #expect(!report.isEmpty)
  }

  private func fleet(_ text: String) throws -> Fleet {
    let loaded = try LoadedFleet("ocean.yaml", files: .inMemory(["ocean.yaml": text]))
    #expect(loaded.diagnostics.map(\.message) == [])
    return try #require(loaded.fleet)
  }

  @Test func `paths are relative to the file, and a node's config comes before that of the fleet`() throws {
    let fleet = try fleet(
      """
      fleet:
        config: ocean.yaml
        nodes:
          - { name: a, ssh: root@mx1.example.org }
          - { name: b, facts: facts/b.json, plan: /var/plans/b.json, config: other.yaml, remote_config: /o.yaml }
      """)
    let (a, b) = (fleet.nodes[0], fleet.nodes[1])
    #expect(a.config == "/etc/ocean/ocean.yaml" && a.ssh == "root@mx1.example.org")
    #expect(a.remoteConfig == LoadedFleet.standardConfig && a.facts == nil && a.plan == nil)
    #expect(b.config == "/etc/ocean/other.yaml" && b.facts == "/etc/ocean/facts/b.json")
    #expect(b.plan == "/var/plans/b.json" && b.remoteConfig == "/o.yaml" && b.ssh == nil)
    #expect(b.place == Provenance.Origin(file: "ocean.yaml", line: 5, column: 15))
  }

  @Test func `the example names configs that are there`() throws {
    let folder = Repository.root.appending(path: "examples/fleet")
    let loaded = try LoadedFleet("fleet.yaml", files: .fixtures(in: folder))
    #expect(loaded.diagnostics.map(\.message) == [])
    let fleet = try #require(loaded.fleet)
    #expect(fleet.name == "office" && fleet.nodes.count == 3)
    // The folder pretends to be /etc/ocean.
    #expect(fleet.nodes.allSatisfy { $0.config == "/etc/office.yaml" })
    #expect(FileManager.default.fileExists(atPath: folder.appending(path: "../office.yaml").path))
  }

  @Test func `every key is in the documentation`() throws {
    let document = try Repository.text("docs/several-machines.md")
    for row in Settings.fleetFile.rows where row.path != "fleet" {
      #expect(document.contains("`\(row.path.dropFirst("fleet.".count))`"), "\(row.path)")
    }
  }

  @Test func `defaults are those of the documentation`() throws {
    let fleet = try fleet("fleet: { config: ocean.yaml, nodes: [{ name: a, ssh: mx1 }] }")
    #expect(fleet.name == "ocean")
    let other = try self.fleet(
      "fleet: { name: mail, config: ocean.yaml, nodes: { name: a, ssh: mx1 } }")
    #expect(other.name == "mail")
    #expect(fleet.rollout == Fleet.Rollout() && fleet.rollout.soakSeconds == 300 && !fleet.nodes[0].isCanary)
  }

  @Test func `how a plan comes to the nodes is read`() throws {
    let fleet = try fleet(
      """
      fleet:
        config: ocean.yaml
        nodes: [{ name: a, ssh: mx1, canary: true }, { name: b, ssh: mx2 }]
        soak: 1h30m
        batch: 10%
        healthy: { logins_temporary_failed: 2%, logins_failed: 3%, handshakes_failed: 4%, refused: 100% }
      """)
    #expect(fleet.nodes.map(\.isCanary) == [true, false])
    #expect(fleet.rollout.soakSeconds == 5400 && fleet.rollout.batchPercent == 10)
    let health = fleet.rollout.healthy
    #expect(health.loginsTemporaryFailed == 2 && health.loginsFailed == 3)
    #expect(health.handshakesFailed == 4 && health.refused == 100)
    let off = try self.fleet("fleet: { config: ocean.yaml, nodes: [{ name: a, ssh: x }], soak: off }")
    #expect(off.rollout.soakSeconds == 0)
  }
}
