import Glibc
package import Logging
import OceanBase
import OceanCompiler
package import OceanEngine
import OceanPlan
import OceanTLS

/// Notices certificates that were replaced on disk, and applies the running plan with them.
///
/// A renewal changes the certificates and nothing else: changes of the config meanwhile wait for a reload. A
/// file may be unusable, or hold a certificate that is not a renewal of the running one. Then it is reported
/// once, and the running certificate stays.
package actor Renewal {
  private static let interval = Duration.seconds(10)

  private let queue = OwnQueue("renewal")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  private let engine: Engine
  private let changes: ChangeControl
  private let logger: Logger
  /// The files of each certificate as they were when they were last read.
  private var stamps: [String: [FileStamp?]] = [:]
  /// What ran at that time, and what it was made from.
  private var looked: (certificates: [Plan.Certificate], source: String)?
  /// The time at which the first certificate expires that stays in place of a refused one, in seconds since
  /// 1970: the refused one may be better then.
  private var nextExpiry: Int64?

  package init(engine: Engine, changes: ChangeControl, logger: Logger) {
    self.engine = engine
    self.changes = changes
    self.logger = logger
  }

  /// Looks again and again, for as long as the process lives.
  package func watch() async {
    while true {
      do { try await Task.sleep(for: Self.interval) } catch { return }
      await look()
    }
  }

  private func look() async {
    guard let running = await engine.runningFile, changed(running.plan) else { return }
    nextExpiry = nil
    let plan = running.plan
    let found = plan.gatherCertificates()
    var renewed = plan
    var refusals: [String: (reason: String, isHeldBack: Bool)?] = [:]
    var identities = await engine.runningIdentities
    for (index, certificate) in plan.certificates.enumerated() {
      guard let facts = found.facts[certificate.name] else { continue }
      refusals[certificate.name] = .some(nil)
      guard facts.leaf != certificate.leaf else { continue }
      let departure = found.departure(of: certificate, from: certificate.leaf)
      let heldBack = departure.map {
        "\($0.reason): \($0.isLoss ? "clients would refuse it" : "not a renewal"); \(takingIt) it all the same"
      }
      let refusal = found.refusal(of: certificate)
      if let reason = refusal ?? heldBack {
        refusals[certificate.name] = (reason, refusal == nil)
        if found.identities[certificate.name] != nil, certificate.leaf.notAfter >= SystemClock.wall.seconds {
          nextExpiry = min(nextExpiry ?? .max, certificate.leaf.notAfter)
        }
        logger.error(
          "new certificate \(refusal == nil ? "held back" : "refused"); the old one stays",
          metadata: [
            "certificate": "\(certificate.name)", "file": "\(certificate.chain)", "reason": "\(reason)",
          ])
        continue
      }
      guard let leaf = facts.leaf, let identity = found.identities[certificate.name] else { continue }
      renewed.certificates[index].leaf = leaf
      identities[certificate.name] = identity
    }
    await engine.renewalsLooked(refusals)
    guard renewed != plan else { return }
    do {
      let file = try PlanFile(
        plan: renewed, inputs: running.inputs.renewed(by: renewed, found.facts),
        provenance: running.provenance, rules: running.rules, expectations: running.expectations)
      try await changes.renew(PreparedPlan(file, identities, found.facts), expecting: running.digest)
    } catch ChangeRefusal.stale {
      // Another change was made first: the next look is at the plan that runs now.
      stamps = [:]
    } catch {
      // libssl may have refused the certificate.
      logger.error("certificates not renewed; the old ones stay: \(error)")
    }
  }

  /// What makes the server use a certificate that is held back, as the beginning of a sentence. Looks at the
  /// file that runs.
  private var takingIt: String {
    let source = changes.source()
    // A saved plan is about the certificates that it was made with.
    return PlanFile.isSaved(at: source)
      ? "a plan that is made again with 'ocean plan' uses" : "'ocean apply \(source.shellQuoted)' uses"
  }

  /// Whether a file or the plan differs from what it was at the last look, or a certificate that stayed has
  /// expired.
  private func changed(_ plan: Plan) -> Bool {
    let now = Dictionary(
      plan.presented.map { ($0.name, [FileStamp(ofFileAt: $0.chain), FileStamp(ofFileAt: $0.key)]) },
      uniquingKeysWith: { $1 })
    let running = (certificates: plan.certificates, source: changes.source())
    defer { (stamps, looked) = (now, running) }
    return now != stamps || looked.map { $0 != running } ?? true
      || nextExpiry.map { $0 < SystemClock.wall.seconds } ?? false
  }
}

extension [PlanFile.Input] {
  /// The inputs with the hashes of the chains that were read. A chain that the plan does not take keeps its
  /// hash.
  fileprivate func renewed(by plan: Plan, _ facts: [String: CertificateFacts]) -> [PlanFile.Input] {
    let read = plan.certificates.compactMap { certificate -> (String, CertificateFacts)? in
      guard let found = facts[certificate.name], found.leaf == certificate.leaf else { return nil }
      return (certificate.chain, found)
    }
    let digests = Dictionary(read.map { ($0, $1.chainDigest) }, uniquingKeysWith: { $1 })
    return map { input in
      guard input.role == .certificate, let digest = digests[input.path] else { return input }
      return PlanFile.Input(role: .certificate, path: input.path, sha256: digest)
    }
  }
}
