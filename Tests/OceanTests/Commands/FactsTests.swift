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

  @Test func `facts of a config that is not here yet, from an archive`() throws {
    let here = try digest()
    let (folder, desk) = (workspace.path("etc"), workspace.path("desk"))
    for path in [folder, desk, desk + "/domains"] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    func tar(_ names: String...) throws -> Command {
      let command =
        "tar -c -C \(desk) \(names.joined(separator: " ")) | '\(try oceanBinary())' facts --tar \(folder)/ocean.yaml"
      return try workspace.run("sh", ["-c", command])
    }
    // Its paths mean what they mean here, and what it includes comes along.
    let moved = workspace.read("ocean.yaml").replacing(
      "version: 1", with: "version: 1\ninclude: [domains/*.yaml]"
    )
    .replacing(/(access\.jsonl|users\.passwd|mail\/\{domain\}|tls\/|lists\/|state\b(?!:))/) {
      "../\($0.output.0)"
    }
    try workspace.write(moved, to: "desk/ocean.yaml")
    try workspace.write(
      "certificates: { other: { chain: none.crt, key: none.key } }\n", to: "desk/domains/a.yaml")
    try workspace.write("no: config\n", to: "etc/ocean.yaml")
    let facts = try tar("ocean.yaml", "domains")
    #expect(facts.status == .exited(0), "\(facts.output)\(facts.errorOutput)")
    let object = try JSONSerialization.jsonObject(with: Data(facts.output.utf8)) as? [String: Any]
    #expect((object?["directory"] as? String)?.hasSuffix("/etc") == true)
    let files = object?["certificate_files"] as? [String: [String: String]]
    #expect(files?["other"]?["chain"]?.hasSuffix("/etc/domains/none.crt") == true, "\(facts.output)")
    #expect(facts.output.contains(#""active" : 2"#) && facts.output.contains("10.0.0.0/8"))
    #expect(workspace.read("etc/ocean.yaml") == "no: config\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["ocean.yaml"])
    try workspace.write(facts.output, to: "facts.json")
    try workspace.write("# nothing yet\n", to: "desk/domains/a.yaml")
    #expect(try digest("--facts", workspace.path("facts.json"), of: desk + "/ocean.yaml") == here)

    // What is not in it is not there.
    let other = try tar("domains")
    #expect(
      other.status == .exited(2) && other.errorOutput.hasSuffix("ocean.yaml: it is not in the archive\n"))
    let part = try tar("ocean.yaml")
    #expect(
      part.status == .exited(0) && part.errorOutput.contains("no file matches 'domains/*.yaml'") == false)
    let plain = try workspace.ocean("facts", "--tar", folder + "/ocean.yaml", input: "version: 1\n")
    #expect(plain.status == .exited(2))
    #expect(plain.errorOutput == "ocean: standard input: it is not a tar archive\n")
    let standard = try workspace.ocean("facts", "--tar", "-", input: "version: 1\n")
    #expect(
      standard.status == .exited(2)
        && standard.errorOutput.contains("named by the path that it has on this host"))
  }

  /// What is not a config or a list shows nothing of itself, whoever names it.
  @Test func `nothing of other files comes to whoever asks with a config`() throws {
    try workspace.write("root:$6$Sesame:19000:0:99999:7:::\nkey=Sesame-2\n", to: "shadow")
    let shadow = workspace.path("shadow")
    let config = """
      version: 1
      include: [\(workspace.path("inside.yaml"))]
      server: { bind: [127.0.0.1], ticket_secret: { file: \(shadow) } }
      accounts: { main: { passwd_file: \(shadow) } }
      mail: { maildir: "/srv/{user}" }
      certificates: { a: { chain: \(shadow), key: \(shadow) } }
      services: { pop3: { ip_control: { black_list: [{ file: \(shadow) }] } } }

      """
    for text in [config, "version: 1\ninclude: [\(shadow)]\n"] {
      try workspace.write("service_defaults: {}\n", to: "inside.yaml")
      try workspace.write(text, to: "ocean.yaml")
      let command =
        "tar -c -C \(workspace.path("")) ocean.yaml | '\(try oceanBinary())' facts --tar /nowhere/ocean.yaml"
      let run = try workspace.run("sh", ["-c", command])
      #expect(!(run.output + run.errorOutput).contains("Sesame"), "\(run.output)\(run.errorOutput)")
      #expect(run.status == .exited(text == config ? 0 : 1), "\(run.errorOutput)")
    }
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
