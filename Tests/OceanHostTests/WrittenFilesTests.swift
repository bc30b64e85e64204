import Glibc
import OceanBase
import OceanCompiler
import OceanHost
import OceanPlan
import OceanTLS
import TestPlans
import Testing

/// Tests the files that commands write: certificates, hooks, plans.
@Suite struct WrittenFilesTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  private func make(
    _ names: [String], in directory: String, replacing: Bool = false
  ) throws(Failure) -> NewCertificate {
    try NewCertificate.publish(
      try NewCertificate.names(names), .ecP256, days: 30, in: directory, replacing: replacing)
  }

  // MARK: - Certificates

  @Test func `names are taken once each, in their order`() throws {
    let names = try NewCertificate.names(["mail.example.org", "192.0.2.1", "mail.example.org", "a.test"])
    #expect(names.map(\.description) == ["mail.example.org", "192.0.2.1", "a.test"])
    #expect(
      Failure.message { () throws(Failure) in _ = try NewCertificate.names(["a.test", "b c"]) }
        == "'b c' is neither a host name nor an address")
  }

  @Test func `a new certificate comes with its directory`() throws {
    let made = try make(["a.test", "b.test"], in: folder.path("tls/"))
    #expect(made.base == folder.path("tls/a.test"))
    #expect(
      Set(Files.names(in: folder.path("tls"))).subtracting([".", ".."]) == [
        "a.test.key", "a.test.crt", "a.test.csr",
      ])
    #expect(made.info.names.map(\.description) == ["a.test", "b.test"])
  }

  @Test func `nothing is left of a certificate that cannot be written`() throws {
    _ = try make(["a.test"], in: folder.path("tls"))
    let key = try Files.read(folder.path("tls/a.test.key"), limit: 1 << 16)
    #expect(
      Failure.message { () throws(Failure) in _ = try make(["a.test"], in: folder.path("tls")) }
        == "\(folder.path("tls/a.test.key")) exists and nothing was changed; --force replaces it")
    #expect(try Files.read(folder.path("tls/a.test.key"), limit: 1 << 16) == key)
    _ = try make(["a.test"], in: folder.path("tls"), replacing: true)
    #expect(try Files.read(folder.path("tls/a.test.key"), limit: 1 << 16) != key)
    // The name is too long for a file, and not for a host.
    let long = Array(repeating: String(repeating: "a", count: 61), count: 4).joined(separator: ".")
    #expect(
      Failure.message { () throws(Failure) in _ = try make([long + ".test"], in: folder.path("new")) } != nil)
    #expect(!Files.isDirectory(folder.path("new")))
  }

  // MARK: - Hooks

  private func hook() throws -> RenewalHook {
    _ = try make(["mail.example.org"], in: folder.path("tls"))
    try folder.configure(
      rest: "certificates: { main: { chain: tls/mail.example.org.crt, key: tls/mail.example.org.key } }\n")
    let text = String(decoding: try Files.read(folder.path("ocean.yaml"), limit: 1 << 16), as: UTF8.self)
    try folder.write(text.replacing("state: state", with: "state: state, user: root"), to: "ocean.yaml")
    return try RenewalHook(
      .lego, config: folder.path("ocean.yaml"), certificate: nil, name: nil, program: "/usr/bin/ocean")
  }

  @Test func `a hook is written once, and can be run`() throws {
    let hook = try hook()
    let (path, isNew) = try hook.write(to: nil, replacing: false)
    #expect(path == folder.path("lego-hook") && isNew)
    #expect(access(path, X_OK) == 0)
    #expect(try Files.read(path, limit: 1 << 16) == Array(hook.text.utf8))
    #expect(try !hook.write(to: nil, replacing: false).isNew)
    chmod(path, 0o644)
    #expect(
      Failure.message { () throws(Failure) in _ = try hook.write(to: nil, replacing: false) }?.contains(
        "exists")
        == true)
    #expect(try hook.write(to: nil, replacing: true).isNew)
    #expect(access(path, X_OK) == 0)
  }

  @Test func `a hook does not make its directory, and replaces no other script`() throws {
    let hook = try hook()
    #expect(
      Failure.message { () throws(Failure) in
        _ = try hook.write(to: folder.path("none/hook"), replacing: true)
      }
        == "there is no directory \(folder.path("none")): is lego installed? --out names another file")
    try folder.write("#!/bin/sh\n", to: "other")
    #expect(
      Failure.message { () throws(Failure) in _ = try hook.write(to: folder.path("other"), replacing: false) }
        != nil)
    #expect(try Files.read(folder.path("other"), limit: 100) == Array("#!/bin/sh\n".utf8))
    #expect(
      hook.advice("/etc/ocean/a hook").first == "Have it run after each renewal:"
        && hook.advice("/etc/ocean/a hook").last?.hasSuffix("--renew-hook '/etc/ocean/a hook'") == true)
  }

  // MARK: - Plans

  @Test func `a file that cannot be written is named with the reason`() throws {
    let path = folder.path("users.passwd")
    #expect(
      Failure.message { () throws(Failure) in try Files.write([1], to: path, from: [path]) }
        == "cannot write \(path): that is \(path), which the config needs")
    try Files.write([1], to: folder.path("new"), from: [path])
    #expect(try Files.read(folder.path("new"), limit: 10) == [1])
  }

  @Test func `facts are for a config with any profile`() throws {
    try folder.configure()
    let file = try CompiledConfig(folder.path("ocean.yaml")).factsFile
    #expect(Set(file.facts.protocols.keys) == ["modern", "intermediate", "legacy"])
    #expect(file.directory == folder.directory.path)
    #expect(try FactsFile(json: file.json) == file)
  }

  @Test func `configs and saved plans name their state`() throws {
    try Files.write(try folder.plan("max_connections: 5").json, to: folder.path("plan.json"), from: [])
    for name in ["ocean.yaml", "plan.json"] {
      #expect(try PlanFile.state(in: folder.path(name)) == folder.path("state"))
    }
    try folder.write("server: [", to: "ocean.yaml")
    #expect(try PlanFile.state(in: folder.path("ocean.yaml")) == nil)
    #expect(
      Failure.message { () throws(Failure) in _ = try PlanFile.state(in: folder.path("none")) }
        == "cannot read \(folder.path("none")): there is no such file")
  }
}
