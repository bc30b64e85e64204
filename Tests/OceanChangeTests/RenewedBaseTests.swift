import OceanControlAPI
import OceanHost
import OceanPlan
import Testing
@testable import OceanChange

/// Tests that renewed certificates do not make a saved plan stale, whatever happens in between, and that
/// nothing else is taken for a renewal.
@Suite struct RenewedBaseTests {
  /// A plan with a certificate.
  ///
  /// - Parameters:
  ///   - serial: the certificate; another one is a renewal.
  ///   - name: whom the certificate is for: with another name it is no renewal.
  private func plan(_ number: Int, serial: Int, name: String = "mail.example.org") throws -> PlanFile {
    var file = try PlanFile.numbered(number)
    let leaf = Plan.LeafFacts(
      fingerprint: "\(serial)", chainFingerprints: ["\(serial)"], subject: "CN=\(name)", issuer: "CN=Root",
      names: [name], notBefore: Int64(serial), notAfter: 4_000_000_000, keyType: "EC P-256",
      keyFingerprint: "key")
    file.plan.certificates = [.init(name: "main", chain: "/main.crt", key: "/main.key", leaf: leaf)]
    file.digest = try file.plan.digest
    return file
  }

  /// Applies a plan that was made for another.
  private func apply(_ plan: PlanFile, for base: PlanFile, seconds: Int? = nil) -> ChangeRequest {
    .apply(
      plan,
      ApplyRequest(
        expecting: base.digest, sessions: .keep, confirmSeconds: seconds, source: "/saved.plan"))
  }

  @Test func `a start with a renewed certificate, and another one, keep the base`() throws {
    let bench = try ChangeBench()
    let base = try plan(1, serial: 1)
    _ = try bench.report(.start(base.runnable))
    for serial in 2...4 {
      let next = try ChangeBench(on: bench.directory)
      _ = try next.report(.start(try plan(1, serial: serial).runnable))
      #expect(next.store.kept().numbers.count == 1)
      #expect(next.store.kept().last?.renewedFrom.count == serial - 1)
    }
    let next = try ChangeBench(on: bench.directory)
    _ = try next.report(.start(try plan(1, serial: 4).runnable))
    #expect(next.refusal(apply(try plan(2, serial: 1), for: try plan(3, serial: 1))) != nil)
    let new = try plan(2, serial: 4)
    #expect(try next.report(apply(new, for: base)).to == new.digest)
    // It is the base of nothing any more.
    #expect(
      next.refusal(apply(try plan(3, serial: 4), for: base))
        == .stale(running: new.digest, expected: base.digest))
  }

  @Test func `going back to a renewed plan that runs does nothing`() throws {
    let bench = try ChangeBench()
    let (base, renewed) = (try plan(1, serial: 1), try plan(1, serial: 2))
    _ = try bench.report(.start(base.runnable))
    _ = try bench.report(.renew(renewed.runnable, expecting: base.digest))
    bench.comingBack = renewed
    for digest in [renewed.digest, base.digest] {
      for text in [digest.description, digest.short, digest.short.uppercased()] {
        let report = try bench.report(.rollback(RollbackRequest(plan: text)))
        #expect(report.from == renewed.digest && report.to == renewed.digest)
      }
    }
    #expect(bench.running == renewed.digest)
    let other = try plan(2, serial: 2)
    _ = try bench.report(apply(other, for: renewed, seconds: 60))
    #expect(
      bench.refusal(.rollback(RollbackRequest(plan: other.digest.short)))
        == .waitingItself(other.digest, until: "later"))
  }

  @Test func `a certificate for somebody else is another base`() throws {
    let bench = try ChangeBench()
    let base = try plan(1, serial: 1)
    _ = try bench.report(.start(base.runnable))
    let next = try ChangeBench(on: bench.directory)
    let other = try plan(1, serial: 2, name: "pop.example.net")
    _ = try next.report(.start(other.runnable))
    #expect(next.store.kept().last?.renewedFrom == [])
    #expect(
      next.refusal(apply(try plan(2, serial: 2), for: base))
        == .stale(running: other.digest, expected: base.digest))
  }

  @Test func `a base that was gone back to is the base`() throws {
    let bench = try ChangeBench()
    let (base, renewed) = (try plan(1, serial: 1), try plan(1, serial: 2))
    _ = try bench.report(.start(base.runnable))
    _ = try bench.report(apply(try plan(2, serial: 1), for: base))
    bench.comingBack = renewed
    #expect(try bench.report(.rollback()).to == renewed.digest)
    #expect(bench.store.kept().last?.renewedFrom == [base.digest])
    _ = try bench.report(apply(try plan(3, serial: 2), for: base))
    #expect(bench.refusal(apply(try plan(4, serial: 2), for: base)) != nil)
  }

  @Test func `what is renewed before and while a plan waits counts once that is reverted`() throws {
    let bench = try ChangeBench()
    let plans = try (1...3).map { try plan(1, serial: $0) }
    _ = try bench.report(.start(plans[0].runnable))
    _ = try bench.report(.renew(plans[1].runnable, expecting: plans[0].digest))
    _ = try bench.report(apply(try plan(2, serial: 2), for: plans[0], seconds: 60))
    bench.comingBack = plans[2]
    bench.expire()
    #expect(bench.running == plans[2].digest)
    let new = try plan(3, serial: 3)
    #expect(bench.refusal(apply(new, for: try plan(2, serial: 2))) != nil)
    #expect(try bench.report(apply(new, for: plans[0])).to == new.digest)
  }
}
