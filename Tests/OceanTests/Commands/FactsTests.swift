import Foundation
import Testing

/// Tests `ocean facts` here, and `ocean check` and `ocean plan` where nothing of this host exists.
@Suite struct FactsTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.makeCertificate()
    try workspace.writeTLSConfig("explicit: required", login: "[{ file: lists/trusted.netset }]")
    try FileManager.default.createDirectory(
      at: workspace.directory / "lists", withIntermediateDirectories: false)
    try workspace.write("10.0.0.0/8\n", to: "lists/trusted.netset")
  }

  private var config: String { workspace.path("ocean.yaml") }

  private func export() throws {
    let facts = try workspace.ocean("facts", config, "--out", workspace.path("facts.json"))
    #expect(facts.status == .exited(0), "\(facts.errorOutput)")
    #expect(facts.output == "")
  }

  private func digest(_ arguments: String..., of config: String? = nil) throws -> String {
    let plan = try workspace.run(
      try oceanBinary(), ["plan", config ?? self.config, "--format", "json"] + arguments)
    #expect(plan.status == .exited(0), "\(plan.errorOutput)")
    let object = try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as? [String: Any]
    return try #require(object?["digest"] as? String)
  }

  private func remove(_ names: String...) throws {
    for name in names { try FileManager.default.removeItem(at: workspace.directory / name) }
  }

  @Test func `facts are the same from run to run, but for the time`() throws {
    let runs = try (0..<2).map { _ in try workspace.ocean("facts", config) }
    let texts = runs.map { $0.output.replacing(/"now" : \d+/, with: "") }
    #expect(texts[0] == texts[1])
    #expect(texts[0].contains(#""format_version" : 1"#))
    #expect(texts[0].contains("10.0.0.0/8"))
    #expect(!texts[0].contains("anna"), "an account is named")
    #expect(!texts[0].contains("PRIVATE KEY"))
    #expect(texts[0].contains(#""active" : 2"#))
  }

  @Test func `the same plan without the files`() throws {
    let here = try digest()
    try export()
    try remove("tls", "users.passwd", "lists", "state")
    #expect(try workspace.ocean("plan", config).status == .exited(1))
    #expect(try digest("--facts", workspace.path("facts.json")) == here)
    let check = try workspace.ocean("check", config, "--facts", workspace.path("facts.json"))
    #expect(check.status == .exited(0), "\(check.output)")
    #expect(check.output.contains(/facts: \S+facts\.json, from \S+ as of \d{4}-\d\d-\d\dT/))
    #expect(!check.output.contains("not checked"))
  }

  @Test func `the same plan in another directory, whose lists count`() throws {
    let here = try digest()
    try export()
    try FileManager.default.createDirectory(
      at: workspace.directory / "checkout/lists", withIntermediateDirectories: true)
    try workspace.write(workspace.read("ocean.yaml"), to: "checkout/ocean.yaml")
    let (checkout, facts) = (workspace.path("checkout/ocean.yaml"), workspace.path("facts.json"))
    #expect(try digest("--facts", facts, of: checkout) == here)
    try workspace.write("10.0.0.0/8\n", to: "checkout/lists/trusted.netset")
    #expect(try digest("--facts", facts, of: checkout) == here)
    try workspace.write("10.0.0.0/9\n", to: "checkout/lists/trusted.netset")
    #expect(try digest("--facts", facts, of: checkout) != here)
    try workspace.write("10.0.0.5/8\n", to: "checkout/lists/trusted.netset")
    #expect(try workspace.ocean("check", checkout, "--facts", facts).status == .exited(1))
  }

  @Test func `what the facts lack is named`() throws {
    try export()
    let other = workspace.read("ocean.yaml").replacing("tls/\(Workspace.hostName).crt", with: "tls/new.crt")
    try workspace.write(other, to: "ocean.yaml")
    let facts = workspace.path("facts.json")
    let check = try workspace.ocean("check", config, "--facts", facts)
    #expect(check.status == .exited(0))
    #expect(
      check.output.contains(
        /not checked: the certificate 'c0' of \S+\/tls\/new\.crt and \S+ \(not among the facts\)/))
    let plan = try workspace.ocean("plan", config, "--facts", facts)
    #expect(plan.status == .exited(1))
    #expect(plan.errorOutput.contains("(not among the facts): no plan"), "\(plan.errorOutput)")
  }

  @Test func `a time can be given, otherwise it is that of the facts`() throws {
    try export()
    let facts = workspace.path("facts.json")
    let later = try workspace.ocean("check", config, "--facts", facts, "--at", "2099-01-01T00:00:00Z")
    #expect(later.status == .exited(1))
    #expect(later.output.contains("expired"))
  }

  @Test func `facts that are none`() throws {
    try workspace.write("{}", to: "facts.json")
    for path in [workspace.path("facts.json"), config, workspace.path("missing.json")] {
      let check = try workspace.ocean("check", config, "--facts", path)
      #expect(check.status == .exited(2))
      #expect(check.errorOutput.hasPrefix("ocean: "), "\(check.errorOutput)")
      #expect(try workspace.ocean("plan", config, "--facts", path).status == .exited(1))
    }
  }

  @Test func `a config with mistakes has no facts`() throws {
    try workspace.write("version: 1\nserver: {\n", to: "broken.yaml")
    let facts = try workspace.ocean("facts", workspace.path("broken.yaml"))
    #expect(facts.status == .exited(1))
    #expect(facts.output == "")
    #expect(facts.errorOutput.contains("no facts"))
    #expect(try workspace.ocean("facts", workspace.path("missing.yaml")).status == .exited(2))
  }

  @Test func `a plan made elsewhere runs where the files are, and only if they are the same`() throws {
    try export()
    _ = try digest("--facts", workspace.path("facts.json"), "--out", workspace.path("plan.json"))
    let server = try Server(workspace, serving: "plan.json")
    #expect(try workspace.sClient([]).output.contains("+OK"))
    try server.stop()

    try workspace.makeCertificate("pop.example.net", in: "other")
    for kind in ["key", "crt"] {
      rename(
        workspace.path("other/pop.example.net.\(kind)"), workspace.path("tls/\(Workspace.hostName).\(kind)"))
    }
    let refused = try workspace.ocean("serve", workspace.path("plan.json"))
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput.contains("has changed since the plan was made"), "\(refused.errorOutput)")
  }
}
