import OceanPlan
import TestSupport
import Testing

@Suite struct CertificateLossTests {
  private typealias Leaf = Plan.LeafFacts

  private func leaf(_ edit: (inout Plan.LeafFacts) -> Void = { _ in }) -> Plan.LeafFacts {
    var leaf = Plan.LeafFacts.example
    leaf.names = ["mail.example.org", "*.example.net"]
    leaf.chainFingerprints = ["a1", "b2", "c3"].map { String(repeating: $0, count: 32) }
    edit(&leaf)
    return leaf
  }

  private func digits(_ pair: String) -> String { String(repeating: pair, count: 32) }

  @Test func `renewal`() {
    let new = leaf {
      $0.fingerprint = digits("d4")
      $0.keyFingerprint = digits("e5")
      $0.notBefore += 100
      $0.notAfter += 100
      $0.chainFingerprints = [digits("d4"), digits("b2"), digits("c3")]
    }
    #expect(leaf().losses(in: new).isEmpty)
    // A different intermediate, with a shorter way to the root.
    let other = leaf {
      $0.issuer = "CN=R12"
      $0.chainFingerprints = [digits("d4"), digits("f6")]
    }
    #expect(leaf().losses(in: other).isEmpty)
    #expect(leaf { $0.keyType = "RSA 4096" }.losses(in: leaf { $0.keyType = "RSA 2048" }).isEmpty)
    #expect(leaf { $0.names = ["a.example.net"] }.losses(in: leaf()).isEmpty)
  }

  @Test func `intermediates`() {
    let alone = leaf { $0.chainFingerprints = [digits("d4")] }
    #expect(leaf().losses(in: alone) == [.intermediates(["CN=R11", String(digits("c3").prefix(16))])])
    #expect(leaf().losses(in: alone).first?.description == "no longer sends: CN=R11, c3c3c3c3c3c3c3c3")
    let cut = leaf { $0.chainFingerprints = [digits("d4"), digits("b2")] }
    #expect(leaf().losses(in: cut) == [.intermediates([String(digits("c3").prefix(16))])])
    #expect(cut.losses(in: leaf()).isEmpty)
  }

  @Test func `self signed`() {
    let own = leaf {
      $0.issuer = $0.subject
      $0.chainFingerprints = [digits("d4")]
    }
    #expect(leaf().losses(in: own) == [.issuer("CN=R11")])
    #expect(own.losses(in: own).isEmpty && own.losses(in: leaf()).isEmpty)
  }

  @Test func `names`() {
    let fewer = leaf { $0.names = ["mail.example.org", "a.example.net"] }
    #expect(leaf().losses(in: fewer) == [.names(["*.example.net"])])
    #expect(fewer.losses(in: leaf()).isEmpty)
  }

  @Test(arguments: [
    ("RSA 2048", "EC P-256", true), ("EC P-256", "RSA 2048", false),
    ("EC P-256", "Ed25519", true), ("Ed25519", "EC P-256", false),
    ("RSA 2048", "RSA 1024", true), ("RSA 1024", "RSA 1024", false), ("RSA 4096", "RSA 3072", false),
    ("EC P-256", "EC P-384", false), ("EC P-384", "EC P-521", true),
  ])
  func `keys`(_ before: String, _ after: String, _ isLoss: Bool) {
    let losses = leaf { $0.keyType = before }.losses(in: leaf { $0.keyType = after })
    #expect(losses == (isLoss ? [.key(before: before, after: after)] : []))
  }

  /// A certificate that some client may refuse is not a renewal in a diff.
  @Test func `classes`() throws {
    let plan = try #require(Plan.example)
    func classes(_ edit: (inout Plan.LeafFacts) -> Void) throws -> Set<ChangeClass> {
      var changed = plan
      edit(&changed.certificates[0].leaf)
      return PlanDiff(
        from: try PlanVersion(plan, Provenance()), to: try PlanVersion(changed, Provenance())
      ).classes
    }
    #expect(try classes { $0.fingerprint = digits("d4") } == [.certificateRenewed])
    #expect(try classes { $0.chainFingerprints = [digits("a1")] } == [.certificate])
    #expect(
      try classes { ($0.issuer, $0.chainFingerprints) = ($0.subject, [digits("d4")]) } == [.certificate])
    #expect(try classes { $0.keyType = "RSA 2048" } == [.certificate])
  }
}

@Suite struct CertificateNamesTests {
  private func certificate(_ name: String, _ names: [String], _ key: String = "EC P-256")
    -> Plan.Certificate
  {
    var leaf = Plan.LeafFacts.example
    (leaf.names, leaf.keyType) = (names, key)
    return Plan.Certificate(name: name, chain: "/\(name)", key: "/\(name)", leaf: leaf)
  }

  private func order(_ certificates: Plan.Certificate...) -> [String] {
    CertificateNames(certificates).canonicalOrder
  }

  @Test func `order that nobody sees`() {
    let (a, b, c) = (certificate("a", ["a.org"]), certificate("b", ["b.org"]), certificate("c", ["c.org"]))
    #expect(order(a, c, b) == ["a", "b", "c"])
    #expect(order(c, b, a) == ["c", "a", "b"])
    // Two keys for the same names are in the same group.
    let rsa = certificate("r", ["a.org"], "RSA 2048")
    #expect(order(rsa, c, b, a) == ["a", "r", "b", "c"])
    #expect(order(b, rsa, c, a) == ["b", "a", "r", "c"])
  }

  @Test func `order that decides`() {
    let (a, b) = (certificate("a", ["a.org"]), certificate("b", ["b.org"]))
    let both = certificate("c", ["a.org", "b.org"], "RSA 2048")
    #expect(order(both, b, a) == ["c", "a", "b"])
    let first = certificate("0", ["0.org"])
    #expect(order(first, b, both, a) == ["0", "b", "c", "a"])
    #expect(order(first, both, b, a) == ["0", "c", "a", "b"])
  }

  /// Any two orders mean the same for every name, or have different canonical orders.
  @Test(arguments: 0..<40) func `by every name`(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let all = ["a.org", "*.a.org", "b.a.org", "c.org", "d.org"]
    let certificates = (0..<5).map { number in
      let names = Set(
        (0..<Int.random(in: 1...2, using: &random)).map { _ in all.randomElement(using: &random) ?? "" })
      return certificate(
        "n\(number)", names.sorted(), Bool.random(using: &random) ? "RSA 2048" : "EC P-256")
    }
    func seen(_ certificates: [Plan.Certificate]) -> [Set<String>] {
      let names = CertificateNames(certificates)
      return ([nil, "x.a.org", "unknown.org"] + all.map(Optional.some)).map {
        Set(names.certificates(for: $0).map(\.name))
      }
    }
    for _ in 0..<10 {
      let shuffled = certificates.shuffled(using: &random)
      let canonical = CertificateNames(shuffled).canonicalOrder.compactMap { name in
        certificates.first { $0.name == name }
      }
      #expect(canonical.count == certificates.count)
      #expect(seen(canonical) == seen(shuffled))
      #expect(CertificateNames(canonical).canonicalOrder == canonical.map(\.name))
    }
  }

  @Test func `who loses what`() {
    let (ec, rsa) = (certificate("e", ["a.org"]), certificate("r", ["a.org"], "RSA 2048"))
    let other = certificate("o", ["b.org"], "RSA 2048")
    func loss(_ old: [Plan.Certificate], _ new: [Plan.Certificate]) -> TLSDifference {
      TLSDifference(service: "pop3", from: CertificateNames(old), to: CertificateNames(new))
    }
    let dropped = loss([ec, rsa, other], [ec, other])
    #expect(dropped.lostKeys == [.init(key: .rsa, names: ["a.org"], isWithoutName: true)])
    #expect(dropped.lostNames == [])
    let gone = loss([ec, rsa, other], [ec, rsa])
    #expect(gone.lostKeys == [] && gone.lostNames == ["b.org"])
    #expect(loss([ec, rsa], [rsa]).isEmpty && loss([ec], [ec, rsa]).isEmpty)
  }
}
