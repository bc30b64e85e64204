import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import TestPlans
import Testing

@testable import OceanClient

/// Tests an apply before and after the server is asked.
@Suite struct ApplyTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private var path: String { folder.path("ocean.yaml") }

  private func loaded(_ path: String) throws -> LoadedPlan { try LoadedPlan(path, overriding: []) { _ in } }

  private func failure(_ loaded: LoadedPlan, _ wishes: PlannedApply.Wishes) -> Failure? {
    do throws(Failure) {
      _ = try PlannedApply(
        loaded, ControlClient(path: folder.path("state/control.sock")), wishes, on: Screen(), errors: Screen()
      )
      return nil
    } catch {
      return error
    }
  }

  @Test func `a probe that can find out nothing stops it before the server is asked`() throws {
    try folder.configure("ip_control: { black_list: [127.0.0.0/8] }")
    let server = try Answerer(path: folder.path("state/control.sock"), [""], end: "\r\n\r\n")
    var wishes = PlannedApply.Wishes()
    wishes.probes = true
    let message = try #require(failure(loaded(path), wishes)).message
    #expect(message.hasPrefix("the probe may not connect to any listener: "))
    #expect(message.hasSuffix("; nothing was applied"))
    #expect(server.text.isEmpty)
  }

  @Test func `without a server there is nothing to apply to`() throws {
    try folder.configure()
    #expect(try failure(loaded(path), PlannedApply.Wishes())?.kind == .noServer)
  }

  @Test func `a saved plan that was compared with nothing needs a person`() throws {
    let file = try folder.plan("max_connections: 100")
    try Files.write(file.json, to: folder.path("plan.json"), from: [])
    #expect(try loaded(path).wasComparedWithNothing == nil)
    #expect(
      try loaded(folder.path("plan.json")).wasComparedWithNothing
        == "\(folder.path("plan.json")) was compared with nothing when it was made, so nobody has reviewed these changes"
    )

    let config = try CompiledConfig(path)
    let compared = try PlannedChange(
      file.plan, config, after: .plan(PlanVersion(file), name: "old", sources: nil), sessions: .keep,
      on: Screen(), errors: Screen())
    try Files.write(try compared.saved.json, to: folder.path("compared.json"), from: [])
    #expect(try loaded(folder.path("compared.json")).wasComparedWithNothing == nil)
  }

  // MARK: - Afterwards

  private func applied(
    _ probed: [String]?, undo: Bool, from old: PlanFile, to new: PlanFile
  ) -> AppliedPlan {
    let diff = PlanDiff(from: PlanVersion(old), to: PlanVersion(new))
    let report = ApplyReport(
      from: old.digest, to: new.digest, changes: diff.changes, sessions: .init(kept: 1, ended: 0),
      undo: undo ? old.digest : nil)
    return AppliedPlan(
      report: report, probed: probed, diff: diff, source: "/etc/ocean/next.yaml", expectations: "6 of 6")
  }

  @Test func `what the probe found stands beside the server's report`() throws {
    let (old, new) = (try folder.plan("max_connections: 100"), try folder.plan("max_connections: 150"))
    let json = String(
      decoding: try ControlAPI.encode(
        applied(["127.0.0.1:1110 greeting (1 ms)"], undo: true, from: old, to: new)),
      as: UTF8.self)
    #expect(json.contains(#""probed":["127.0.0.1:1110 greeting (1 ms)"]"#))
    #expect(json.contains(#""from":"\#(old.digest)""#))
    let without = String(
      decoding: try ControlAPI.encode(applied(nil, undo: true, from: old, to: new)), as: UTF8.self)
    #expect(!without.contains("probed"))
  }

  @Test func `people read each change, the probe, and how to undo it`() throws {
    let (old, new) = (try folder.plan("max_connections: 100"), try folder.plan("max_connections: 150"))
    let server = ServerName(socket: nil, config: path)
    let text = applied(["127.0.0.1:1110 greeting"], undo: true, from: old, to: new).text(
      of: server, on: Screen())
    for part in [
      "done  expectations: 6 of 6", "max_connections", "done  probe: 127.0.0.1:1110 greeting",
      "exactly as planned",
      "undo: ocean rollback \(old.digest.short)",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    // Only certificates are undone by their files.
    #expect(
      !applied(nil, undo: false, from: old, to: new).text(of: server, on: Screen()).contains("old files"))
  }

  @Test func `another certificate is undone by its old files`() throws {
    func plan(_ name: String) throws -> PlanFile {
      _ = try NewCertificate.publish(
        NewCertificate.names(["mail.example.org"]), .ecP256, days: 90, in: folder.path("tls"), replacing: true
      )
      try folder.configure(
        rest:
          "certificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n")
      return try folder.plan()
    }
    let (old, new) = (try plan("first"), try plan("second"))
    let server = ServerName(socket: nil, config: path)
    let text = applied(nil, undo: false, from: old, to: new).text(of: server, on: Screen())
    #expect(
      text.contains("undo: put back the certificate's old files, then ocean apply /etc/ocean/next.yaml"),
      "\(text)")
  }
}
