import Foundation
import OceanAddresses
import OceanPlan
import Testing

/// Tests the promises of the settings catalogue, for each of its rows.
@Suite struct CatalogueTests {
  let plan: Plan

  init() throws { plan = try #require(Plan.example) }

  /// A stored property without a row would be in no plan file, no digest and no diff.
  @Test func `every property has a row`() {
    let before = Self.leaves(of: plan, "plan")
    var missing = Set(before.keys)
    for edit in plan.edits {
      var changed = plan
      edit.apply(&changed)
      let after = Self.leaves(of: changed, "plan")
      missing = missing.filter { before[$0] == after[$0] }
    }
    let rest = missing.filter { !$0.hasSuffix(".name") }
    // A service without TLS has no TLS settings.
    #expect(rest == ["plan.services.1.tls"])
  }

  /// The texts of all stored properties, by their paths.
  private static func leaves(of value: Any, _ path: String) -> [String: String] {
    let mirror = Mirror(reflecting: value)
    let isSection = value is any PlanSection || value is Plan.LeafFacts || value is Plan.Limits
    let isList = value is [Plan.Certificate] || value is [Plan.AccountSource] || value is [Plan.Service]
    let isThere = mirror.displayStyle == .optional && mirror.children.first?.value is any PlanSection
    guard isSection || isList || isThere else { return [path: String(reflecting: value)] }
    return mirror.children.enumerated().reduce(into: [:]) { leaves, child in
      let name =
        isThere ? path : "\(path).\(child.element.label.flatMap { isList ? nil : $0 } ?? "\(child.offset)")"
      leaves.merge(Self.leaves(of: child.element.value, name)) { first, _ in first }
    }
  }

  /// The path of a value from a diff or from provenance leads to the value in the plan file.
  @Test func `paths lead to values`() throws {
    let file = try PlanFile(plan: plan, inputs: [], provenance: Provenance(), rules: PlanRules())
    let object = try #require(try JSONSerialization.jsonObject(with: Data(file.json)) as? [String: Any])
    for setting in plan.settings {
      guard let value = setting.value else { continue }
      var found: Any? = object["plan"]
      for key in setting.path.components {
        found =
          if let list = found as? [[String: Any]] {
            list.first { $0["name"] as? String == String(key) }
          } else {
            (found as? [String: Any])?[String(key)]
          }
      }
      let written = try #require(found, "\(setting.path)")
      if let text = written as? String, setting.path.key != "plaintext_login", case .text = value {
        #expect(text == value.text, "\(setting.path)")
      }
    }
  }

  @Test func `every setting is there`() {
    let paths = Set(plan.settings.map(\.path.description))
    #expect(
      paths.isSuperset(of: [
        "server.drain_timeout", "server.limits.ipv6_prefix", "server.anti_hammering.forget_after",
        "services.one.idle_timeout", "services.one.tls.certificate", "services.two.tls.explicit",
        "services.one.ip_control.black_list", "certificates.ec.expires", "mail.uidl",
      ]))
  }

  /// A rollback replaces the addresses of every list, and of nothing else.
  @Test func `every list can be replaced`() throws {
    var plan = plan
    plan.server.limits.exceptions = [.init(from: .localhost, connectionsPerIP: 50)]
    plan.monitor.bind = [Endpoint(address: .loopback(.v4), port: 9464)]
    let network = AddressSet([try AddressPattern(parsing: "198.51.100.8/29")])
    #expect(plan.addressLists.count == 4 + 4 * plan.services.count)
    for list in plan.addressLists {
      var changed = plan
      changed.setAddresses(network, at: list.path)
      let found = changed.addressLists.first { $0.path == list.path }?.addresses
      #expect(found.map { network.isSubset(of: $0) } == true, "\(list.path)")
      let paths = Plan.diff(plan, changed).map(\.path)
      #expect(paths.count == 1 && paths.allSatisfy { list.path.description.hasPrefix($0) }, "\(list.path)")
    }
  }

  @Test func `every row is in the reference`() {
    for path in plan.settings.map(\.path.description) {
      let pattern = path.replacing(/^(services|accounts|certificates)\.[^.]+/) { "\($0.output.1).NAME" }
      #expect(Plan.reference.contains("| `\(pattern)` |"), "\(path)")
    }
  }
}
