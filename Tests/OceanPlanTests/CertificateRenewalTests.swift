import OceanPlan
import Testing

/// Tests what counts as a renewal of a certificate, and what as another certificate.
@Suite struct CertificateRenewalTests {
  private func leaf(_ edit: (inout Plan.LeafFacts) -> Void = { _ in }) -> Plan.LeafFacts {
    var leaf = Plan.LeafFacts.example
    leaf.issuer = "CN=R11,O=Let's Encrypt,C=US"
    leaf.root = "CN=ISRG Root X1"
    edit(&leaf)
    return leaf
  }

  private func renewal(_ edit: (inout Plan.LeafFacts) -> Void = { _ in }) -> [String] {
    let new = leaf {
      $0.fingerprint = String(repeating: "d4", count: 32)
      $0.keyFingerprint = String(repeating: "e5", count: 32)
      ($0.notBefore, $0.notAfter) = ($0.notBefore + 100, $0.notAfter + 100)
      edit(&$0)
    }
    return leaf().departures(in: new).map(\.description)
  }

  @Test func `a renewal`() {
    #expect(renewal().isEmpty)
    #expect(renewal { $0.subject = "CN=another" }.isEmpty)
    #expect(renewal { $0.notAfter -= 100 }.isEmpty)
    #expect(leaf().departures(in: leaf()).isEmpty)
    // CAs sign with any of their intermediates.
    #expect(renewal { $0.issuer = "CN=R12,O=Let's Encrypt,C=US" }.isEmpty)
    #expect(renewal { $0.root = nil }.isEmpty)
  }

  @Test func `another certificate`() {
    #expect(
      renewal { $0.issuer = "CN=R11" } == ["signed by CN=R11, before by CN=R11,O=Let's Encrypt,C=US"])
    #expect(
      renewal { $0.issuer = #"CN=x\,O=Let's Encrypt,O=Other"# } == [
        #"signed by CN=x\,O=Let's Encrypt,O=Other, before by CN=R11,O=Let's Encrypt,C=US"#
      ])
    #expect(
      renewal { $0.root = "CN=ISRG Root X2" } == ["leads to CN=ISRG Root X2, before to CN=ISRG Root X1"])
    #expect(renewal { ($0.issuer, $0.root) = ("CN=R12,O=Let's Encrypt,C=US", nil) }.count == 1)
    #expect(renewal { $0.names.append("pop.example.org") } == ["also for: pop.example.org"])
    #expect(renewal { $0.names = ["*.example.org"] } == ["also for: *.example.org"])
    #expect(renewal { $0.names = [] } == ["no longer for: mail.example.org"])
    #expect(renewal { $0.keyType = "RSA 2048" } == ["key ECDSA prime256v1 -> RSA 2048"])
    #expect(
      renewal { $0.keyType = "Ed25519" } == ["key ECDSA prime256v1 -> Ed25519, which not every client knows"])
    #expect(
      renewal { $0.notAfter -= 101 }
        == ["ends earlier: 2027-01-15T07:59:59Z, before 2027-01-15T08:00:00Z"])
    #expect(
      renewal {
        $0.chainFingerprints = [$0.fingerprint]; $0.root = "CN=R11"
      }.count == 1)
    // Without alternative names, clients go by the subject.
    let old = leaf { $0.names = [] }
    let new = leaf { ($0.names, $0.subject) = ([], "CN=other") }
    #expect(old.departures(in: new) == [.subject(before: "CN=mail.example.org", after: "CN=other")])
  }

  /// Both ways at once are never renewals of each other, unless nothing that matters differs.
  @Test func `the class of a change`() throws {
    let plan = try #require(Plan.example)
    func diff(_ edit: (inout Plan.LeafFacts) -> Void) throws -> PlanDiff {
      var changed = plan
      edit(&changed.certificates[0].leaf)
      return try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(changed, Provenance()))
    }
    #expect(try diff { $0.notAfter += 1 }.classes == [.certificateRenewed])
    #expect(try diff { $0.notAfter -= 1 }.classes == [.certificate])
    #expect(try diff { $0.issuer = "CN=Other CA" }.classes == [.certificate])
    #expect(try diff { $0.names.append("pop.example.org") }.classes == [.certificate])
    let json = String(decoding: try diff { $0.notAfter -= 1 }.json(), as: UTF8.self)
    #expect(json.contains(#""not_renewal":["ends earlier: "#))
  }
}

@Suite struct PresentedCertificateTests {
  private func certificate(_ name: String, _ names: [String], _ key: String) -> Plan.Certificate {
    var leaf = Plan.LeafFacts.example
    (leaf.names, leaf.keyType, leaf.fingerprint) = (names, key, name)
    return Plan.Certificate(name: name, chain: "/\(name)", key: "/\(name)", leaf: leaf)
  }

  @Test func `each kind of client gets what it can verify`() {
    let names = CertificateNames([
      certificate("rsa", ["a.org"], "RSA 2048"), certificate("ec", ["a.org"], "EC P-256"),
      certificate("wild", ["*.b.org"], "EC P-256"), certificate("ed", ["c.org"], "Ed25519"),
    ])
    func shown(_ name: String?) -> [String?] {
      [.rsa, .ecdsa, .ed25519].map { (kind: Plan.LeafFacts.KeyKind) in
        names.certificate(for: name, verifying: kind)?.name
      }
    }
    #expect(shown(nil) == ["rsa", "ec", "ec"] && shown("unknown.org") == shown(nil))
    #expect(shown("a.org") == ["rsa", "ec", "ec"])
    #expect(shown("x.b.org") == [nil, "wild", "wild"] && shown("*.b.org") == shown("x.b.org"))
    #expect(shown("c.org") == [nil, nil, "ed"])
  }

  @Test func `the table has every name and kind of client, before and after`() throws {
    var plan = try #require(Plan.example)
    plan.certificates = [
      certificate("new", ["a.org"], "EC P-256"),
      certificate("old", ["192.0.2.1", "a.org", "b.org"], "RSA 2048"),
    ]
    plan.services[0].tls?.certificates = ["old"]
    var changed = plan
    changed.services[0].tls?.certificates = ["new"]
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(changed, Provenance()))
    let rows = diff.presentedCertificates.map { row in
      "\(row.service) \(row.name ?? "-") \(row.best.rawValue): \(row.before?.name ?? "-") \(row.after?.name ?? "-")"
    }
    #expect(
      rows == ["-", "a.org", "b.org"].flatMap { ["one \($0) RSA: old -", "one \($0) ECDSA: old new"] })
    #expect(diff.presentedCertificates.allSatisfy { $0.isChanged })
    // The name in the config is for the administrator alone, and so is that of a service.
    var renamed = plan
    renamed.certificates[1].name = "z"
    renamed.services[0].tls?.certificates = ["z"]
    let same = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(renamed, Provenance()))
    #expect(same.presentedCertificates.count == 6 && !same.presentedCertificates.contains { $0.isChanged })
    renamed = plan
    renamed.services[0].name = "another"
    let other = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(renamed, Provenance()))
    #expect(
      other.presentedCertificates.count == 6 && !other.presentedCertificates.contains { $0.isChanged })
  }

  @Test func `a socket that goes to another service has its certificates`() throws {
    var plan = try #require(Plan.example)
    plan.certificates = [certificate("x", ["a.org"], "RSA 2048"), certificate("y", ["a.org"], "RSA 2048")]
    plan.services[0].tls?.certificates = ["x"]
    plan.services[1].enabled = true
    plan.services[1].tls = Plan.Service.TLS(explicit: .required, certificates: ["y"], profile: .modern)
    var moved = plan
    moved.services[1].listeners.append(moved.services[0].listeners.removeLast())
    let diff = try PlanDiff(from: PlanVersion(plan, Provenance()), to: PlanVersion(moved, Provenance()))
    let changed = diff.presentedCertificates.filter(\.isChanged)
    #expect(Set(changed.map { $0.endpoint?.description }) == ["127.0.0.1:1110"])
    #expect(changed.allSatisfy { $0.before?.name == "x" && $0.after?.name == "y" } && !changed.isEmpty)
  }
}
