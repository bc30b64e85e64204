import Foundation
import OceanAddresses
import OceanHost
import OceanPlan
import OceanWebReport
import TestPlans

/// Two configs that differ, and the report of it.
struct Example {
  let folder: ConfigFolder
  let diff: PlanDiff
  let context: ChangeReport.Context

  var report: ChangeReport { ChangeReport(diff, context) }

  /// - Parameters:
  ///   - lists: list files, by name.
  ///   - folders: folders that are needed, outer ones first.
  ///   - edit: makes the new config from the old one.
  init(
    _ config: String = Example.config, lists: [String: String] = [:], folders: [String] = [],
    edit: (String) -> String
  ) throws {
    folder = try ConfigFolder(in: "/tmp")
    for name in folders { mkdir(folder.path(name), 0o700) }
    for (name, text) in lists { try folder.write(text, to: name) }
    try folder.write(config, to: "old.yaml")
    try folder.write(edit(config), to: "ocean.yaml")
    let (old, new) = (
      try LoadedPlan(asking: folder.path("old.yaml")) { _ in },
      try LoadedPlan(asking: folder.path("ocean.yaml")) { _ in }
    )
    diff = PlanDiff(
      from: try Self.onNetwork(old.file), to: try Self.onNetwork(new.file), at: 0)
    var context = ChangeReport.Context(
      against: "old.yaml, \(old.version.digest.short)", new: "ocean.yaml", version: "1.2.3")
    context.oldSources = old.config?.loaded.sources
    context.newSources = new.config?.loaded.sources
    self.context = context
  }

  /// The plan with listeners that other hosts reach, which this host need not have.
  private static func onNetwork(_ file: PlanFile) throws -> PlanVersion {
    var plan = file.plan
    for service in plan.services.indices {
      plan.services[service].listeners = try plan.services[service].listeners.flatMap { listener in
        try ["192.0.2.10", "2001:db8::10"].map {
          Plan.Listener(address: try IPAddress(parsing: $0), port: listener.port, tls: listener.tls)
        }
      }
    }
    return try PlanVersion(plan, file.provenance, rules: file.rules, expectations: file.expectations)
  }

  /// The text without what differs from folder to folder and from build to build.
  func masked(_ text: String) -> String {
    var text = text.replacing(folder.directory.path, with: "/etc/ocean")
    for (digest, name) in [(diff.from, "first0"), (diff.to, "second"), (nil, "")] {
      if let digest { text = text.replacing(digest.short, with: name) }
    }
    return text.replacing(/old.yaml, [0-9a-f]{6}/, with: "old.yaml, first0")
  }

  static let config = """
    version: 1
    server: { hostname: mail.example.org, bind: [127.0.0.1], state: state }
    address_lists:
      office: [198.51.100.8/29, "2001:db8:5:a::/64"]
    accounts: { main: { passwd_file: users.passwd } }
    mail: { maildir: "mail/{user}" }
    services:
      pop3:
        ports: [1110]
        plaintext_login: always
        ip_control:
          black_list: [203.0.113.0/26, "2001:db8:bad::/48"]
          white_list: [203.0.113.9]
      internal:
        ports: [1111]
        plaintext_login: always
        ip_control: { default: refuse, white_list: [office] }
    expect:
      - { from: 203.0.113.9, to: pop3, verdict: allow }

    """

  /// The example with some of everything.
  static func usual() throws -> Example {
    try Example { config in
      config.replacing("203.0.113.0/26", with: "203.0.113.0/25")
        .replacing("\"2001:db8:bad::/48\"", with: "\"2001:db8:bad:1::/64\", \"2001:db8:7::/48\"")
        .replacing("ports: [1111]", with: "ports: [1111]\n    idle_timeout: 20m")
        .replacing("to: pop3, verdict: allow", with: "verdict: allow, to: internal").replacing(
          "[office] }", with: "[office, 203.0.113.9] }")
    }
  }
}
